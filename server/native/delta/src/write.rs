//! Creating tables and appending to them.

use std::collections::HashMap;
use std::sync::Arc;

use delta_kernel::arrow::array::{RecordBatch, StructArray, UInt32Array};
use delta_kernel::arrow::compute::take_record_batch;
use delta_kernel::arrow::ffi::{from_ffi, FFI_ArrowArray, FFI_ArrowSchema};
use delta_kernel::committer::FileSystemCommitter;
use delta_kernel::engine::arrow_conversion::scalar::extract_primitive_scalar;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::expressions::Scalar;
use delta_kernel::schema::StructType;
use delta_kernel::transaction::create_table::create_table;
use delta_kernel::transaction::data_layout::DataLayout;
use delta_kernel::transaction::{CommitResult, Transaction, UpdateTableOperation, WriteState};
use delta_kernel::{KernelError, KernelResult};

use crate::error::{from_kernel, Code, Doing, Failure, Result};
use crate::runtime::{self, CancelRef};
use crate::table::{KernelEngine, Table};

const ENGINE_INFO: &str = concat!("drift/", env!("CARGO_PKG_VERSION"));

fn failed(error: KernelError) -> Failure {
    from_kernel(error, Doing::Writing)
}

pub fn create(
    table: &Table,
    schema_json: &str,
    partitions: &[String],
    properties: Vec<(String, String)>,
) -> Result<()> {
    let schema: StructType = serde_json::from_str(schema_json)
        .map_err(|e| Failure::invalid(format!("the schema cannot be read: {e}")))?;
    if let Some(folder) = &table.folder {
        std::fs::create_dir_all(folder).map_err(|e| {
            Failure::new(
                Code::Permission,
                format!("making {}: {e}", folder.display()),
            )
        })?;
    }
    let layout = if partitions.is_empty() {
        DataLayout::None
    } else {
        DataLayout::partitioned(partitions)
    };
    let engine = table.plain_engine();
    let committed = create_table(table.url.as_str(), Arc::new(schema), ENGINE_INFO, true)
        .with_table_properties(properties)
        .with_data_layout(layout)
        .build(engine.as_ref(), Box::new(FileSystemCommitter::new()))
        .and_then(|transaction| transaction.commit(engine.as_ref()))
        .map_err(failed)?;
    match committed {
        CommitResult::Committed(_) => Ok(()),
        CommitResult::Conflicted(_) => Err(Failure::new(
            Code::Exists,
            "somebody else made the table first",
        )),
        CommitResult::Retryable(retryable) => Err(failed(retryable.error)),
    }
}

pub struct Txn {
    engine: Arc<KernelEngine>,
    transaction: Transaction,
    state: Arc<WriteState>,
    partitions: Vec<String>,
}

impl Txn {
    pub fn begin(table: &Table, version: i64) -> Result<Txn> {
        let cancel = CancelRef::default();
        let (latest, _) = table.latest(&cancel)?;
        let snapshot =
            table.snapshot(if version < 0 { latest as i64 } else { version }, &cancel)?;
        let partitions = snapshot
            .table_configuration()
            .logical_partition_columns()
            .to_vec();
        let engine = table.plain_engine();
        let transaction = snapshot
            .update_table(UpdateTableOperation::Write, ENGINE_INFO, true)
            .with_blind_append()
            .build(engine.as_ref(), Box::new(FileSystemCommitter::new()))
            .map_err(failed)?;
        let state = transaction.write_state().map_err(failed)?;
        Ok(Txn {
            engine,
            transaction,
            state,
            partitions,
        })
    }

    /// # Safety
    /// `array` and `schema` describe each other, as the C Data Interface demands.
    pub unsafe fn write(&mut self, array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<()> {
        let data =
            from_ffi(array, schema).map_err(|e| Failure::invalid(format!("the rows: {e}")))?;
        data.validate_full()
            .map_err(|e| Failure::invalid(format!("the rows: {e}")))?;
        if !matches!(
            data.data_type(),
            delta_kernel::arrow::datatypes::DataType::Struct(_)
        ) {
            return Err(Failure::invalid("the rows are not a struct array"));
        }
        let rows = RecordBatch::from(StructArray::from(data));
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.write_rows(rows).map_err(failed)
    }

    fn write_rows(&mut self, rows: RecordBatch) -> KernelResult<()> {
        if self.partitions.is_empty() {
            return self.write_file(rows, None);
        }
        for (values, rows) in split(&rows, &self.partitions)? {
            self.write_file(rows, Some(values))?;
        }
        Ok(())
    }

    fn write_file(
        &mut self,
        rows: RecordBatch,
        values: Option<HashMap<String, Scalar>>,
    ) -> KernelResult<()> {
        let mut builder = self.state.write_context_builder();
        if let Some(values) = values {
            builder = builder.with_partition_values(values);
        }
        let context = builder.build()?;
        let data = ArrowEngineData::new(rows);
        let file = runtime::handle().block_on(self.engine.write_parquet(&data, &context))?;
        self.transaction.add_files(file);
        Ok(())
    }

    pub fn commit(self) -> Result<i64> {
        match self
            .transaction
            .commit(self.engine.as_ref())
            .map_err(failed)?
        {
            CommitResult::Committed(done) => Ok(done.commit_version() as i64),
            CommitResult::Conflicted(conflict) => {
                let theirs = conflict.conflict_version();
                let message = format!("version {theirs} was committed by somebody else");
                Err(Failure::at(Code::Conflict, theirs as i64, message))
            }
            CommitResult::Retryable(retryable) => Err(failed(retryable.error)),
        }
    }
}

type Part = (HashMap<String, Scalar>, RecordBatch);

/// The rows of each combination of partition values, without the partition columns.
fn split(rows: &RecordBatch, partitions: &[String]) -> KernelResult<Vec<Part>> {
    let missing = |name: &String| {
        KernelError::missing_column(format!("no partition column '{name}' in the rows"))
    };
    let indexes = partitions
        .iter()
        .map(|name| rows.schema().index_of(name).map_err(|_| missing(name)))
        .collect::<KernelResult<Vec<_>>>()?;
    let mut parts: Vec<(Vec<Scalar>, Vec<u32>)> = Vec::new();
    for row in 0..rows.num_rows() {
        let values = indexes
            .iter()
            .map(|index| extract_primitive_scalar(rows.column(*index), row))
            .collect::<KernelResult<Vec<_>>>()?;
        match parts.iter_mut().find(|(known, _)| *known == values) {
            Some((_, members)) => members.push(row as u32),
            None => parts.push((values, vec![row as u32])),
        }
    }
    let kept: Vec<usize> = (0..rows.num_columns())
        .filter(|column| !indexes.contains(column))
        .collect();
    let data = rows.project(&kept)?;
    parts
        .into_iter()
        .map(|(values, members)| {
            let values = partitions.iter().cloned().zip(values).collect();
            Ok((
                values,
                take_record_batch(&data, &UInt32Array::from(members))?,
            ))
        })
        .collect()
}
