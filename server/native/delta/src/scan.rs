//! The rows of one version, file by file in order of path, so that a reader can go on at a file.

use std::collections::HashMap;
use std::iter::Peekable;
use std::sync::Arc;

use delta_kernel::arrow::array::{BooleanArray, RecordBatch};
use delta_kernel::arrow::compute::filter_record_batch;
use delta_kernel::engine::arrow_data::EngineDataArrowExt as _;
use delta_kernel::object_store::ObjectStoreExt as _;
use delta_kernel::scan::state::{transform_to_logical, DvInfo, ScanFile};
use delta_kernel::scan::Scan;
use delta_kernel::schema::SchemaRef;
use delta_kernel::{Engine as _, FileDataReadResultIterator, FileMeta, KernelError, KernelResult};
use url::Url;

use crate::engine::CancellableEngine;
use crate::error::{from_kernel, Code, Doing, Result};
use crate::projection::project;
use crate::runtime::{self, as_token, CancelRef};
use crate::store_error::from_store;
use crate::stream::{Batch, Stream};
use crate::table::Table;

/// The files of a scan in order of path.
fn files(scan: &Scan, engine: &CancellableEngine) -> Result<Vec<ScanFile>> {
    let failed = |e: KernelError| from_kernel(e, Doing::Reading);
    let mut files = Vec::new();
    for metadata in scan.scan_metadata(engine).map_err(failed)? {
        files = metadata
            .and_then(|m| {
                m.visit_scan_files(files, |files: &mut Vec<ScanFile>, file| files.push(file))
            })
            .map_err(failed)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn whole_scan(table: &Table, version: i64, cancel: &CancelRef) -> Result<Scan> {
    let snapshot = table.snapshot(version, cancel)?;
    let scan = snapshot
        .scan_builder()
        .with_cancellation_token(as_token(cancel))
        .build();
    scan.map_err(|e| from_kernel(e, Doing::Reading))
}

/// The deletion vector of a file, consumed from the front as its batches come by.
struct Selection {
    keep: Option<Vec<bool>>,
    at: usize,
}

impl Selection {
    /// Rows beyond the vector's end are kept.
    fn apply(&mut self, rows: RecordBatch) -> KernelResult<RecordBatch> {
        let Some(keep) = &self.keep else {
            return Ok(rows);
        };
        let from = self.at;
        self.at += rows.num_rows();
        let mask: BooleanArray = (from..self.at)
            .map(|row| Some(keep.get(row).copied().unwrap_or(true)))
            .collect();
        Ok(filter_record_batch(&rows, &mask)?)
    }
}

struct FileRows {
    batches: Peekable<FileDataReadResultIterator>,
    file: ScanFile,
    selection: Selection,
}

/// What it takes to read the files of one scan.
struct FileOpener {
    engine: Arc<CancellableEngine>,
    root: Url,
    physical: SchemaRef,
    logical: SchemaRef,
}

impl FileOpener {
    fn open(&self, file: ScanFile) -> KernelResult<FileRows> {
        let location = self.root.join(&file.path)?;
        let size = u64::try_from(file.size).unwrap_or(0);
        let meta = FileMeta::new(location, file.modification_time, size);
        let keep = file
            .dv_info
            .get_selection_vector(self.engine.as_ref(), &self.root)?;
        let parquet = self.engine.parquet_handler();
        let batches = parquet
            .read_parquet_files(&[meta], self.physical.clone(), None)?
            .peekable();
        Ok(FileRows {
            batches,
            file,
            selection: Selection { keep, at: 0 },
        })
    }

    /// The next batch of the file, and whether it is its last.
    fn next(&self, rows: &mut FileRows) -> Option<KernelResult<(RecordBatch, bool)>> {
        let physical = rows.batches.next()?;
        let is_last = rows.batches.peek().is_none();
        let make = || {
            let transform = rows.file.transform.clone();
            let engine = self.engine.as_ref();
            let logical =
                transform_to_logical(engine, physical?, &self.physical, &self.logical, transform)?;
            Ok((
                rows.selection.apply(logical.try_into_record_batch()?)?,
                is_last,
            ))
        };
        Some(make())
    }
}

struct Rows {
    opener: FileOpener,
    files: std::vec::IntoIter<ScanFile>,
    current: Option<FileRows>,
    files_done: i64,
}

impl Rows {
    fn next_batch(&mut self) -> KernelResult<Option<Batch>> {
        loop {
            if let Some(current) = self.current.as_mut() {
                if let Some(next) = self.opener.next(current) {
                    let (rows, is_last) = next?;
                    if is_last {
                        self.finish_file();
                    }
                    return Ok(Some(Batch {
                        rows,
                        files_done: self.files_done,
                    }));
                }
                self.finish_file();
            }
            let Some(file) = self.files.next() else {
                return Ok(None);
            };
            self.current = Some(self.opener.open(file)?);
        }
    }

    fn finish_file(&mut self) {
        self.current = None;
        self.files_done += 1;
    }
}

impl Iterator for Rows {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch()
            .map_err(|e| from_kernel(e, Doing::Reading))
            .transpose()
    }
}

pub fn scan(
    table: &Table,
    version: i64,
    columns: &[String],
    first_file: i64,
    cancel: &CancelRef,
) -> Result<Stream> {
    let snapshot = table.snapshot(version, cancel)?;
    let config = snapshot.table_configuration();
    let projection = project(
        &snapshot.schema(),
        config.logical_partition_columns(),
        columns,
        false,
    )?;
    let scan = snapshot
        .clone()
        .scan_builder()
        .with_schema(projection.read.clone())
        .with_cancellation_token(as_token(cancel))
        .build()
        .map_err(|e| from_kernel(e, Doing::Reading))?;
    let engine = table.engine(cancel);
    let mut files = files(&scan, &engine)?;
    let skip = usize::try_from(first_file)
        .unwrap_or(usize::MAX)
        .min(files.len());
    files.drain(..skip);
    let rows = Rows {
        opener: FileOpener {
            engine,
            root: table.url.clone(),
            physical: scan.physical_schema().clone(),
            logical: scan.logical_schema().clone(),
        },
        files: files.into_iter(),
        current: None,
        files_done: skip as i64,
    };
    Stream::new(&projection, Box::new(rows))
}

/// Rows as the log states them: those of each file less those its deletion vector removes.
pub fn count_rows(table: &Table, version: i64, cancel: &CancelRef) -> Result<i64> {
    if let Some(rows) = table.known_rows(version as u64) {
        return Ok(rows);
    }
    let scan = whole_scan(table, version, cancel)?;
    let mut sum = 0i64;
    for file in files(&scan, &table.engine(cancel))? {
        let removed = file.dv_info.cardinality().ok().flatten().unwrap_or(0);
        let Some(stats) = &file.stats else {
            return Ok(-1);
        };
        sum += stats.num_records.saturating_sub(removed) as i64;
    }
    table.remember_rows(version as u64, sum);
    Ok(sum)
}

/// Whether a file and its deletion vector are still there.
fn is_there(
    table: &Table,
    file: &ScanFile,
    engine: &CancellableEngine,
    cancel: &CancelRef,
) -> Result<bool> {
    let path = table.path(&file.path)?;
    let found = runtime::wait(cancel, table.store().head(&path))?;
    let failure = match found {
        Ok(_) => match file.dv_info.get_selection_vector(engine, &table.url) {
            Ok(_) => return Ok(true),
            Err(error) => from_kernel(error, Doing::Reading),
        },
        Err(error) => from_store(&error, Doing::Reading),
    };
    if failure.code == Code::HistoryGone {
        Ok(false)
    } else {
        Err(failure)
    }
}

/// Whether every file of `version` is still there. Only those that the latest version has no more,
/// or has with another deletion vector, can be gone.
pub fn is_readable(table: &Table, version: i64, cancel: &CancelRef) -> Result<bool> {
    let latest = table.latest_snapshot(cancel)?.version() as i64;
    let engine = table.engine(cancel);
    let list = |at: i64| files(&whole_scan(table, at, cancel)?, &engine);
    let then = match list(version) {
        Ok(files) => files,
        Err(failure) if failure.code == Code::HistoryGone => return Ok(false),
        Err(failure) => return Err(failure),
    };
    let now: HashMap<String, DvInfo> = list(latest)?
        .into_iter()
        .map(|f| (f.path, f.dv_info))
        .collect();
    for file in then
        .iter()
        .filter(|file| now.get(&file.path) != Some(&file.dv_info))
    {
        if !is_there(table, file, &engine, cancel)? {
            return Ok(false);
        }
    }
    Ok(true)
}
