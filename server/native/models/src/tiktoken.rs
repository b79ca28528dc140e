//! OpenAI's tokenizers.

use crate::error::{guard, invalid, CError};
use std::ffi::c_char;
use tiktoken_rs::{cl100k_base_singleton, o200k_base_singleton};

const CL100K: i32 = 1;
const O200K: i32 = 2;

#[no_mangle]
pub unsafe extern "C" fn drift_tiktoken_count(
    encoding: i32,
    text: *const c_char,
    text_size: usize,
    error: *mut CError,
) -> i64 {
    guard(
        error,
        |_| -1,
        || {
            let text = crate::text(text, text_size)?;
            let bpe = match encoding {
                CL100K => cl100k_base_singleton(),
                O200K => o200k_base_singleton(),
                _ => return Err(invalid("unknown encoding")),
            };
            Ok(bpe.count_ordinary(text) as i64)
        },
    )
}
