//! Errors as the C side sees them, and the guard that keeps panics on this side.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

const INVALID: i32 = 1;
const NOT_FOUND: i32 = 2;
const INTERNAL: i32 = 3;
const CANCELLED: i32 = 4;
const MESSAGE_SIZE: usize = 508;

/// `drift_models_error` of the header.
#[repr(C)]
pub struct CError {
    code: i32,
    message: [u8; MESSAGE_SIZE],
}

pub struct Error {
    code: i32,
    message: String,
}

pub type Result<T> = std::result::Result<T, Error>;

pub fn invalid(message: impl ToString) -> Error {
    Error {
        code: INVALID,
        message: message.to_string(),
    }
}

pub fn not_found(message: impl ToString) -> Error {
    Error {
        code: NOT_FOUND,
        message: message.to_string(),
    }
}

pub fn internal(message: impl ToString) -> Error {
    Error {
        code: INTERNAL,
        message: message.to_string(),
    }
}

pub fn cancelled(message: impl ToString) -> Error {
    Error {
        code: CANCELLED,
        message: message.to_string(),
    }
}

impl Error {
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The message as one line that fits, cut between characters.
    fn write(&self, out: *mut CError) {
        let Some(out) = (unsafe { out.as_mut() }) else {
            return;
        };
        let line = self.message.replace(['\n', '\r', '\0'], " ");
        let mut end = line.len().min(MESSAGE_SIZE - 1);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        out.code = self.code;
        out.message[..end].copy_from_slice(&line.as_bytes()[..end]);
        out.message[end] = 0;
    }
}

/// Runs `body`; an error or a panic is written to `out`, and `failed` makes the return value of it.
pub fn guard<T>(
    out: *mut CError,
    failed: impl FnOnce(&Error) -> T,
    body: impl FnOnce() -> Result<T>,
) -> T {
    // A panic's message may quote the text that was worked on, so it is neither printed nor returned.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let result = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|_| Err(internal("the models library met a bug and recovered")));
    result.unwrap_or_else(|error| {
        error.write(out);
        failed(&error)
    })
}
