//! dk_stream: batches on their way out, checked against the schema that was told.

use std::sync::Arc;

use delta_kernel::arrow::array::{Array, RecordBatch, StructArray};
use delta_kernel::arrow::datatypes::{Schema, SchemaRef};
use delta_kernel::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use delta_kernel::engine::arrow_conversion::TryIntoArrow as _;

use crate::error::{Code, Doing, Failure, Result};
use crate::projection::Projection;

/// A batch, and how many files of the version have been read to their end with it (scans only).
pub struct Batch {
    pub rows: RecordBatch,
    pub files_done: i64,
}

pub type Batches = Box<dyn Iterator<Item = Result<Batch>> + Send>;

pub struct Stream {
    schema: SchemaRef,
    wanted: usize,
    batches: Option<Batches>,
    failure: Option<Failure>,
}

impl Stream {
    pub fn new(projection: &Projection, batches: Batches) -> Result<Stream> {
        let arrow: Schema = projection
            .read
            .as_ref()
            .try_into_arrow()
            .map_err(|e| crate::error::from_kernel(e.into(), Doing::Reading))?;
        let wanted: Vec<_> = arrow
            .fields()
            .iter()
            .take(projection.wanted)
            .cloned()
            .collect();
        Ok(Stream {
            schema: Arc::new(Schema::new(wanted)),
            wanted: projection.wanted,
            batches: Some(batches),
            failure: None,
        })
    }

    pub fn schema(&self) -> Result<FFI_ArrowSchema> {
        FFI_ArrowSchema::try_from(self.schema.as_ref())
            .map_err(|e| Failure::new(Code::Unsupported, e.to_string()))
    }

    /// The next batch with rows in it. None: the end, for good. An error is repeated for good, and a
    /// panic in the kernel leaves the stream dead.
    pub fn next(&mut self) -> Result<Option<(FFI_ArrowArray, i64)>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        // Out of the way while it runs: if it panics it is not called again.
        let Some(mut batches) = self.batches.take() else {
            return Ok(None);
        };
        self.failure = Some(Failure::new(
            Code::Internal,
            "the reader of this stream panicked before",
        ));
        let next = batches
            .by_ref()
            .find(|item| item.as_ref().map_or(true, |b| b.rows.num_rows() > 0));
        self.failure = None;
        let exported = match next {
            None => return Ok(None),
            Some(item) => item.and_then(|batch| self.export(batch)),
        };
        match exported {
            Ok(exported) => {
                self.batches = Some(batches);
                Ok(Some(exported))
            }
            Err(failure) => {
                self.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    fn export(&self, batch: Batch) -> Result<(FFI_ArrowArray, i64)> {
        let columns: Vec<usize> = (0..self.wanted.min(batch.rows.num_columns())).collect();
        let rows = batch
            .rows
            .project(&columns)
            .map_err(|e| Failure::new(Code::Internal, e.to_string()))?;
        self.check(&rows)?;
        let data = StructArray::from(rows).into_data();
        Ok((FFI_ArrowArray::new(&data), batch.files_done))
    }

    /// A reader that trusts the schema would read out of bounds if a batch differed from it.
    fn check(&self, rows: &RecordBatch) -> Result<()> {
        let told = self.schema.fields();
        let got = rows.schema();
        let same = told.len() == got.fields().len()
            && told.iter().zip(got.fields()).all(|(told, got)| {
                told.name() == got.name() && told.data_type().equals_datatype(got.data_type())
            });
        if same {
            return Ok(());
        }
        let message = format!("a batch has the columns {:?}, not {told:?}", got.fields());
        Err(Failure::new(Code::Internal, message))
    }
}
