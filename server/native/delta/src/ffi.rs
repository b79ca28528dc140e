//! From and to C: strings, errors, and the guard around every export.

use std::ffi::{c_char, CStr, CString};

use crate::error::{Failure, Result};
use crate::runtime::{self, Cancel, CancelRef};

/// struct dk_error.
#[repr(C)]
pub struct CError {
    pub code: i32,
    pub reserved: i32,
    pub version: i64,
    pub message: *mut c_char,
    pub kind: *mut c_char,
}

/// struct dk_option.
#[repr(C)]
pub struct COption {
    pub key: *const c_char,
    pub value: *const c_char,
}

pub fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}

/// # Safety
/// `text` is a C string or NULL.
pub unsafe fn text(text: *const c_char) -> Result<String> {
    if text.is_null() {
        return Err(Failure::invalid("a string is NULL"));
    }
    match CStr::from_ptr(text).to_str() {
        Ok(text) => Ok(text.to_string()),
        Err(_) => Err(Failure::invalid("a string is not UTF-8")),
    }
}

/// # Safety
/// `texts` points at `count` C strings, or count is 0.
pub unsafe fn texts(texts: *const *const c_char, count: usize) -> Result<Vec<String>> {
    (0..count).map(|i| text(*texts.add(i))).collect()
}

/// # Safety
/// `options` points at `count` options, or count is 0.
pub unsafe fn options(options: *const COption, count: usize) -> Result<Vec<(String, String)>> {
    (0..count)
        .map(|i| {
            let option = &*options.add(i);
            Ok((text(option.key)?, text(option.value)?))
        })
        .collect()
}

/// The caller's cancel, or one that nobody can fire.
///
/// # Safety
/// `cancel` came from dk_cancel_new() or is NULL.
pub unsafe fn cancel(cancel: *const CancelHandle) -> CancelRef {
    cancel
        .as_ref()
        .map(|handle| handle.0.clone())
        .unwrap_or_default()
}

/// dk_cancel.
pub struct CancelHandle(pub CancelRef);

impl CancelHandle {
    pub fn new() -> Self {
        CancelHandle(CancelRef::new(Cancel::default()))
    }
}

/// # Safety
/// `error` points at a dk_error or is NULL.
unsafe fn tell(error: *mut CError, failure: &Failure) -> i32 {
    if let Some(error) = error.as_mut() {
        error.code = failure.code as i32;
        error.reserved = 0;
        error.version = failure.version;
        error.message = c_string(&failure.message).into_raw();
        error.kind = c_string(&failure.kind).into_raw();
    }
    failure.code as i32
}

/// # Safety
/// `error` points at a dk_error filled by this library, or is NULL.
pub unsafe fn free_error(error: *mut CError) {
    let Some(error) = error.as_mut() else { return };
    for text in [&mut error.message, &mut error.kind] {
        if !text.is_null() {
            drop(CString::from_raw(*text));
            *text = std::ptr::null_mut();
        }
    }
}

/// Runs an export's body; whatever happens in it becomes a code.
///
/// # Safety
/// `error` points at a dk_error or is NULL.
pub unsafe fn run(error: *mut CError, body: impl FnOnce() -> Result<()>) -> i32 {
    match runtime::guard(body) {
        Ok(()) => 0,
        Err(failure) => tell(error, &failure),
    }
}

/// For functions that return nothing: a panic in a destructor must not cross into C.
pub fn run_quietly(body: impl FnOnce()) {
    let _ = runtime::guard(|| {
        body();
        Ok(())
    });
}
