//! Delta tables behind one C header, drift_delta.h: here are its exports and nothing else.
#![allow(clippy::missing_safety_doc)] // drift_delta.h says what each function demands

mod changes;
mod describe;
mod engine;
mod error;
mod ffi;
mod history;
mod int96;
mod log_cache;
mod null_maps;
mod pieces;
mod projection;
mod runtime;
mod scan;
mod storage;
mod store_error;
mod stream;
mod table;
mod write;

use std::ffi::{c_char, CString};

use delta_kernel::arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use describe::CInfo;
use error::Failure;
use ffi::{CError, COption, CancelHandle};
use history::CHistory;
use pieces::Limits;
use stream::Stream;
use table::{Settings, Table};
use write::Txn;

/// struct dk_limits.
#[repr(C)]
pub struct CLimits {
    batch_rows: u32,
    batch_bytes: u64,
    piece_bytes: u64,
    log_cache_bytes: u64,
}

impl CLimits {
    fn settings(limits: Option<&CLimits>) -> Settings {
        let or = |value: Option<u64>, default: u64| value.filter(|v| *v > 0).unwrap_or(default);
        Settings {
            limits: Limits {
                batch_rows: or(limits.map(|l| u64::from(l.batch_rows)), 8192) as usize,
                batch_bytes: or(limits.map(|l| l.batch_bytes), 4 << 20),
                piece_bytes: or(limits.map(|l| l.piece_bytes), 64 << 20),
            },
            log_cache_bytes: or(limits.map(|l| l.log_cache_bytes), 8 << 20) as usize,
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn dk_error_free(error: *mut CError) {
    ffi::run_quietly(|| ffi::free_error(error));
}

#[no_mangle]
pub extern "C" fn dk_cancel_new() -> *mut CancelHandle {
    Box::into_raw(Box::new(CancelHandle::new()))
}

#[no_mangle]
pub unsafe extern "C" fn dk_cancel_fire(cancel: *mut CancelHandle) {
    ffi::run_quietly(|| {
        if let Some(cancel) = cancel.as_ref() {
            cancel.0.fire();
        }
    });
}

#[no_mangle]
pub unsafe extern "C" fn dk_cancel_free(cancel: *mut CancelHandle) {
    free(cancel);
}

#[no_mangle]
pub unsafe extern "C" fn dk_storage_keys(scheme: *const c_char) -> *const c_char {
    static KEYS: std::sync::OnceLock<[CString; 4]> = std::sync::OnceLock::new();
    let keys = KEYS
        .get_or_init(|| ["s3", "az", "gs", ""].map(|s| ffi::c_string(storage::storage_keys(s))));
    let scheme = ffi::text(scheme).unwrap_or_default();
    let at = ["s3", "az", "gs"]
        .iter()
        .position(|known| *known == scheme)
        .unwrap_or(3);
    keys[at].as_ptr()
}

#[no_mangle]
pub unsafe extern "C" fn dk_open(
    address: *const c_char,
    options: *const COption,
    option_count: usize,
    limits: *const CLimits,
    table: *mut *mut Table,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let options = ffi::options(options, option_count)?;
        let opened = Table::open(
            &ffi::text(address)?,
            options,
            CLimits::settings(limits.as_ref()),
        )?;
        *table = Box::into_raw(Box::new(opened));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_close(table: *mut Table) {
    free(table);
}

#[no_mangle]
pub unsafe extern "C" fn dk_latest(
    table: *const Table,
    cancel: *const CancelHandle,
    version: *mut i64,
    generation: *mut u64,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let (latest, seen) = (*table).latest(&ffi::cancel(cancel))?;
        *version = latest as i64;
        *generation = seen;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_describe(
    table: *const Table,
    version: i64,
    cancel: *const CancelHandle,
    info: *mut *mut CInfo,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        *info = Box::into_raw(describe::describe(&*table, version, &ffi::cancel(cancel))?);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_info_free(info: *mut CInfo) {
    free(info);
}

#[no_mangle]
pub unsafe extern "C" fn dk_count_rows(
    table: *const Table,
    version: i64,
    cancel: *const CancelHandle,
    rows: *mut i64,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        *rows = scan::count_rows(&*table, version, &ffi::cancel(cancel))?;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_fingerprint(
    table: *const Table,
    version: i64,
    cancel: *const CancelHandle,
    digest: *mut u8,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let found = history::fingerprint(&*table, version, &ffi::cancel(cancel))?;
        std::ptr::copy_nonoverlapping(found.as_ptr(), digest, found.len());
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_commit_time(
    table: *const Table,
    version: i64,
    cancel: *const CancelHandle,
    unix_ms: *mut i64,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        *unix_ms = history::commit_time(&*table, version, &ffi::cancel(cancel))?;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_read_history(
    table: *const Table,
    first: i64,
    last: i64,
    byte_limit: u64,
    cancel: *const CancelHandle,
    history: *mut *mut CHistory,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let read = history::read(&*table, first, last, byte_limit, &ffi::cancel(cancel))?;
        *history = Box::into_raw(read);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_history_free(history: *mut CHistory) {
    free(history);
}

#[no_mangle]
pub unsafe extern "C" fn dk_scan(
    table: *const Table,
    version: i64,
    columns: *const *const c_char,
    column_count: usize,
    first_file: i64,
    cancel: *const CancelHandle,
    stream: *mut *mut Stream,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let columns = ffi::texts(columns, column_count)?;
        let opened = scan::scan(&*table, version, &columns, first_file, &ffi::cancel(cancel))?;
        *stream = Box::into_raw(Box::new(opened));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_is_readable(
    table: *const Table,
    version: i64,
    cancel: *const CancelHandle,
    readable: *mut i32,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        *readable = scan::is_readable(&*table, version, &ffi::cancel(cancel))? as i32;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_changes(
    table: *const Table,
    first: i64,
    last: i64,
    columns: *const *const c_char,
    column_count: usize,
    cancel: *const CancelHandle,
    stream: *mut *mut Stream,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let columns = ffi::texts(columns, column_count)?;
        let opened = changes::changes(&*table, first, last, &columns, &ffi::cancel(cancel))?;
        *stream = Box::into_raw(Box::new(opened));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_stream_schema(
    stream: *const Stream,
    schema: *mut FFI_ArrowSchema,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        std::ptr::write(schema, (*stream).schema()?);
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_stream_next(
    stream: *mut Stream,
    array: *mut FFI_ArrowArray,
    files_done: *mut i64,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let next = (*stream).next()?;
        let (exported, done) = next.unwrap_or_else(|| (FFI_ArrowArray::empty(), 0));
        std::ptr::write(array, exported);
        if let Some(files_done) = files_done.as_mut() {
            *files_done = done;
        }
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_stream_close(stream: *mut Stream) {
    free(stream);
}

#[no_mangle]
pub unsafe extern "C" fn dk_create(
    table: *const Table,
    schema_json: *const c_char,
    partition_columns: *const *const c_char,
    partition_count: usize,
    properties: *const COption,
    property_count: usize,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let partitions = ffi::texts(partition_columns, partition_count)?;
        let properties = ffi::options(properties, property_count)?;
        write::create(&*table, &ffi::text(schema_json)?, &partitions, properties)
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_begin(
    table: *const Table,
    version: i64,
    txn: *mut *mut Txn,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        *txn = Box::into_raw(Box::new(Txn::begin(&*table, version)?));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_txn_write(
    txn: *mut Txn,
    array: *mut FFI_ArrowArray,
    schema: *const FFI_ArrowSchema,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        let rows = FFI_ArrowArray::from_raw(array);
        let txn = txn
            .as_mut()
            .ok_or_else(|| Failure::invalid("no transaction"))?;
        txn.write(rows, &*schema)
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_txn_commit(
    txn: *mut Txn,
    version: *mut i64,
    error: *mut CError,
) -> i32 {
    ffi::run(error, || {
        *version = Box::from_raw(txn).commit()?;
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn dk_txn_abort(txn: *mut Txn) {
    free(txn);
}

/// What came out of Box::into_raw(), or NULL.
unsafe fn free<T>(pointer: *mut T) {
    if !pointer.is_null() {
        ffi::run_quietly(|| drop(Box::from_raw(pointer)));
    }
}
