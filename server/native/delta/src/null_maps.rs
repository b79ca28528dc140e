//! The kernel's last step from file to schema, with one case mended: a map column that has NULLs and
//! whose values must be cast or reordered (Spark's old timestamps in a map of structs) is refused,
//! because the map is given the nullability of its entries, which are never NULL. So the NULLs of map
//! columns are taken off before that step and put back after it.

use std::sync::Arc;

use delta_kernel::arrow::array::{Array, ArrayRef, AsArray as _, MapArray, RecordBatch};
use delta_kernel::arrow::buffer::NullBuffer;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::engine::arrow_utils::{fixup_parquet_read, ReorderIndex};
use delta_kernel::schema::SchemaRef;
use delta_kernel::KernelResult;

/// Column of the result → its NULLs.
type Held = Vec<(usize, NullBuffer)>;

fn with_nulls(map: &MapArray, nulls: Option<NullBuffer>) -> KernelResult<ArrayRef> {
    let (field, offsets, entries, _, ordered) = map.clone().into_parts();
    Ok(Arc::new(MapArray::try_new(
        field, offsets, entries, nulls, ordered,
    )?))
}

fn take_nulls(batch: RecordBatch, ordering: &[ReorderIndex]) -> KernelResult<(RecordBatch, Held)> {
    let mut held = Held::new();
    let mut columns = batch.columns().to_vec();
    for (column, to) in columns.iter_mut().zip(ordering) {
        let Some(map) = column.as_map_opt() else {
            continue;
        };
        let Some(nulls) = map.nulls().filter(|nulls| nulls.null_count() > 0) else {
            continue;
        };
        held.push((to.index, nulls.clone()));
        *column = with_nulls(map, None)?;
    }
    if held.is_empty() {
        return Ok((batch, held));
    }
    Ok((RecordBatch::try_new(batch.schema(), columns)?, held))
}

/// From what lies in a file to the columns of `schema`.
pub fn fix_up(
    batch: RecordBatch,
    ordering: &[ReorderIndex],
    location: &str,
    schema: &SchemaRef,
) -> KernelResult<ArrowEngineData> {
    let (batch, held) = take_nulls(batch, ordering)?;
    let data = fixup_parquet_read(batch, ordering, None, Some(location), Some(schema))?;
    if held.is_empty() {
        return Ok(data);
    }
    let rows: RecordBatch = data.into();
    let mut columns = rows.columns().to_vec();
    for (at, nulls) in held {
        if let Some(map) = columns[at].as_map_opt() {
            columns[at] = with_nulls(map, Some(nulls))?;
        }
    }
    Ok(ArrowEngineData::new(RecordBatch::try_new(
        rows.schema(),
        columns,
    )?))
}
