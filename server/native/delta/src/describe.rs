//! dk_info: the table as of a version, handed to C.

use std::ffi::{c_char, CString};

use delta_kernel::table_features::TableFeature;
use delta_kernel::Snapshot;

use crate::error::Result;
use crate::ffi::c_string;
use crate::runtime::CancelRef;
use crate::table::Table;

/// struct dk_column.
#[repr(C)]
pub struct CColumn {
    name: *const c_char,
    physical_name: *const c_char,
    data_type: *const c_char,
    nullable: u8,
    is_partition: u8,
}

/// struct dk_info; what it points at lies behind it.
#[repr(C)]
pub struct CInfo {
    version: i64,
    committed_ms: i64,
    table_id: *const c_char,
    change_feed: u8,
    column_count: usize,
    columns: *const CColumn,
    owned: Owned,
}

struct Owned {
    _columns: Vec<CColumn>,
    _texts: Vec<CString>,
}

/// Keeps a text and gives its address, which moving the CString does not change.
fn hold(texts: &mut Vec<CString>, text: &str) -> *const c_char {
    let held = c_string(text);
    let address = held.as_ptr();
    texts.push(held);
    address
}

fn columns(snapshot: &Snapshot, texts: &mut Vec<CString>) -> Vec<CColumn> {
    let config = snapshot.table_configuration();
    let mode = config.column_mapping_mode();
    let partitions = config.logical_partition_columns();
    let schema = snapshot.schema();
    let column = |field: &delta_kernel::schema::StructField, texts: &mut Vec<CString>| CColumn {
        name: hold(texts, field.name()),
        physical_name: hold(texts, field.physical_name(mode)),
        data_type: hold(texts, &field.data_type().to_string()),
        nullable: field.is_nullable() as u8,
        is_partition: partitions.contains(field.name()) as u8,
    };
    schema.fields().map(|field| column(field, texts)).collect()
}

pub fn describe(table: &Table, version: i64, cancel: &CancelRef) -> Result<Box<CInfo>> {
    let snapshot = table.snapshot(version, cancel)?;
    let config = snapshot.table_configuration();
    // Unknown when the commit was cleaned away and only a checkpoint is left.
    let committed_ms = snapshot
        .get_timestamp(table.engine(cancel).as_ref())
        .unwrap_or(-1);
    let mut texts = Vec::new();
    let columns = columns(&snapshot, &mut texts);
    Ok(Box::new(CInfo {
        version,
        committed_ms,
        table_id: hold(&mut texts, config.metadata().id()),
        change_feed: config.is_feature_enabled(&TableFeature::ChangeDataFeed) as u8,
        column_count: columns.len(),
        columns: columns.as_ptr(),
        owned: Owned {
            _columns: columns,
            _texts: texts,
        },
    }))
}
