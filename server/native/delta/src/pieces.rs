//! Reading one Parquet file in bounded memory. The usual reader holds all projected column chunks of
//! a row group at once, and a row group may be gigabytes. Here one above the limit is read in pieces
//! by ranges of rows: the offset index tells which pages those need. Batches are sized by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use delta_kernel::arrow::array::RecordBatch;
use delta_kernel::engine::arrow_utils::{
    ordering_needs_row_indexes, parquet_read_plan, ReorderIndex,
};
use delta_kernel::engine::reader_options;
use delta_kernel::object_store::path::Path;
use delta_kernel::object_store::{DynObjectStore, ObjectStoreExt as _};
use delta_kernel::parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection, RowSelector};
#[allow(deprecated)]
use delta_kernel::parquet::arrow::async_reader::ParquetObjectReader;
use delta_kernel::parquet::arrow::async_reader::{
    ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder,
};
use delta_kernel::parquet::arrow::ProjectionMask;
use delta_kernel::parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use delta_kernel::schema::SchemaRef;
use delta_kernel::{EngineData, FileMeta, KernelError, KernelResult};
use futures::StreamExt as _;

use crate::error::Result;
use crate::int96::in_microseconds;
use crate::null_maps::fix_up;
use crate::runtime::{self, CancelRef};

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub batch_rows: usize,
    pub batch_bytes: u64,
    pub piece_bytes: u64,
}

/// Most footers fit, so that one request fetches them.
const FOOTER_HINT: usize = 64 << 10;

/// Rows `skip..skip + rows` of a row group, or all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    row_group: usize,
    skip: usize,
    rows: usize,
    whole: bool,
    batch_rows: usize,
}

#[allow(deprecated)]
type Reader = ParquetObjectReader;

struct Opened {
    reader: Reader,
    metadata: ArrowReaderMetadata,
    ordering: Vec<ReorderIndex>,
    mask: ProjectionMask,
}

/// Yields the batches of one file in order; an error ends it.
struct FileReader {
    store: Arc<DynObjectStore>,
    file: FileMeta,
    schema: SchemaRef,
    limits: Limits,
    cancel: CancelRef,
    opened: Option<Opened>,
    pieces: VecDeque<Piece>,
    current: Option<ParquetRecordBatchStream<Reader>>,
    done: bool,
}

pub fn read_file(
    store: Arc<DynObjectStore>,
    file: FileMeta,
    schema: SchemaRef,
    limits: Limits,
    cancel: CancelRef,
) -> impl Iterator<Item = KernelResult<Box<dyn EngineData>>> + Send {
    FileReader {
        store,
        file,
        schema,
        limits,
        cancel,
        opened: None,
        pieces: VecDeque::new(),
        current: None,
        done: false,
    }
}

fn cancellable<T>(waited: Result<KernelResult<T>>) -> KernelResult<T> {
    waited.unwrap_or(Err(KernelError::Cancelled))
}

/// Compressed bytes, and bytes in memory as far as the file tells, of the projected columns.
fn sizes(group: &RowGroupMetaData, mask: &ProjectionMask) -> (u64, u64) {
    let columns = group
        .columns()
        .iter()
        .enumerate()
        .filter(|(leaf, _)| mask.leaf_included(*leaf));
    columns.fold((0, 0), |(compressed, memory), (_, column)| {
        let encoded = column.uncompressed_size().max(0) as u64;
        // Of a dictionary-encoded text the encoded size says little.
        let decoded = column.unencoded_byte_array_data_bytes().unwrap_or(0).max(0) as u64;
        (
            compressed + column.compressed_size().max(0) as u64,
            memory + encoded.max(decoded),
        )
    })
}

fn plan(groups: &[RowGroupMetaData], mask: &ProjectionMask, limits: &Limits) -> VecDeque<Piece> {
    let mut pieces = VecDeque::new();
    for (row_group, group) in groups.iter().enumerate() {
        let rows = group.num_rows().max(0) as usize;
        if rows == 0 {
            continue;
        }
        let (compressed, memory) = sizes(group, mask);
        let per_row = (memory / rows as u64).max(1);
        let batch_rows = ((limits.batch_bytes / per_row) as usize).clamp(1, limits.batch_rows);
        let count = (compressed.div_ceil(limits.piece_bytes.max(1)) as usize).clamp(1, rows);
        let step = rows.div_ceil(count);
        for skip in (0..rows).step_by(step) {
            let rows = step.min(rows - skip);
            pieces.push_back(Piece {
                row_group,
                skip,
                rows,
                whole: count == 1,
                batch_rows,
            });
        }
    }
    pieces
}

async fn load(
    store: Arc<DynObjectStore>,
    file: FileMeta,
    schema: SchemaRef,
    limits: Limits,
) -> KernelResult<(Opened, VecDeque<Piece>)> {
    let path = Path::from_url_path(file.location.path())?;
    // A remove action need not tell the size.
    let size = if file.size > 0 {
        file.size
    } else {
        store.head(&path).await?.size
    };
    #[allow(deprecated)]
    let mut reader = ParquetObjectReader::new(store, path)
        .with_file_size(size)
        .with_footer_size_hint(FOOTER_HINT.min(size as usize));
    let loaded = ArrowReaderMetadata::load_async(&mut reader, reader_options()).await?;
    let mut metadata = in_microseconds(loaded)?;
    let (ordering, mask) = parquet_read_plan(&schema, &metadata)?;
    if ordering_needs_row_indexes(&ordering) {
        return Err(KernelError::unsupported("row indexes are not read here"));
    }
    let mask = mask.unwrap_or_else(ProjectionMask::all);
    let pieces = plan(metadata.metadata().row_groups(), &mask, &limits);
    if pieces.iter().any(|piece| !piece.whole) {
        // Without an offset index the pieces still come out right, only not cheaper.
        let options = reader_options().with_offset_index_policy(PageIndexPolicy::Optional);
        let loaded = ArrowReaderMetadata::load_async(&mut reader, options).await?;
        metadata = in_microseconds(loaded)?;
    }
    Ok((
        Opened {
            reader,
            metadata,
            ordering,
            mask,
        },
        pieces,
    ))
}

impl Opened {
    fn start(&self, piece: Piece) -> KernelResult<ParquetRecordBatchStream<Reader>> {
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(
            self.reader.clone(),
            self.metadata.clone(),
        )
        .with_projection(self.mask.clone())
        .with_row_groups(vec![piece.row_group])
        .with_batch_size(piece.batch_rows);
        if !piece.whole {
            let selection = vec![
                RowSelector::skip(piece.skip),
                RowSelector::select(piece.rows),
            ];
            builder = builder.with_row_selection(RowSelection::from(selection));
        }
        Ok(builder.build()?)
    }
}

impl FileReader {
    fn open(&mut self) -> KernelResult<()> {
        let loading = load(
            self.store.clone(),
            self.file.clone(),
            self.schema.clone(),
            self.limits,
        );
        let (opened, pieces) = cancellable(runtime::wait(&self.cancel, loading))?;
        self.pieces = pieces;
        self.opened = Some(opened);
        Ok(())
    }

    fn next_batch(&mut self) -> KernelResult<Option<RecordBatch>> {
        if self.opened.is_none() {
            self.open()?;
        }
        loop {
            if let Some(stream) = self.current.as_mut() {
                let next = runtime::wait(&self.cancel, stream.next())
                    .map_err(|_| KernelError::Cancelled)?;
                match next {
                    Some(batch) => return Ok(Some(batch?)),
                    None => self.current = None,
                }
            }
            let Some(piece) = self.pieces.pop_front() else {
                return Ok(None);
            };
            self.current = self
                .opened
                .as_ref()
                .map(|opened| opened.start(piece))
                .transpose()?;
        }
    }

    /// From what lies in the file to the columns of the schema.
    fn fix_up(&self, batch: RecordBatch) -> KernelResult<Box<dyn EngineData>> {
        let ordering = self
            .opened
            .as_ref()
            .map_or(&[][..], |opened| &opened.ordering);
        let location = self.file.location.as_str();
        Ok(Box::new(fix_up(batch, ordering, location, &self.schema)?))
    }
}

impl Iterator for FileReader {
    type Item = KernelResult<Box<dyn EngineData>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = match self.next_batch() {
            Ok(Some(batch)) => Some(self.fix_up(batch)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        };
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

#[cfg(test)]
#[path = "pieces_test.rs"]
mod tests;
