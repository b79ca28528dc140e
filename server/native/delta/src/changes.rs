//! The change feed of a range of versions.

use delta_kernel::engine::arrow_data::EngineDataArrowExt as _;
use delta_kernel::table_changes::scan::TableChangesScanBuilder;

use crate::error::{from_kernel, Doing, Result};
use crate::projection::project;
use crate::runtime::CancelRef;
use crate::stream::{Batch, Stream};
use crate::table::Table;

pub fn changes(
    table: &Table,
    first: i64,
    last: i64,
    columns: &[String],
    cancel: &CancelRef,
) -> Result<Stream> {
    let changes = table.changes(first, last, cancel)?;
    let partitions = table
        .snapshot(last, cancel)?
        .table_configuration()
        .logical_partition_columns()
        .to_vec();
    let projection = project(changes.schema(), &partitions, columns, true)?;
    let scan = TableChangesScanBuilder::new(changes)
        .with_schema(projection.read.clone())
        .build()
        .map_err(|e| from_kernel(e, Doing::Reading))?;
    let batches = scan
        .execute(table.engine(cancel))
        .map_err(|e| from_kernel(e, Doing::Reading))?;
    let batches = batches.map(|batch| {
        let rows = batch
            .try_into_record_batch()
            .map_err(|e| from_kernel(e, Doing::Reading))?;
        Ok(Batch {
            rows,
            files_done: 0,
        })
    });
    Stream::new(&projection, Box::new(batches))
}
