//! Hugging Face tokenizers, read from a tokenizer.json.

use crate::error::{guard, invalid, CError, Result};
use crate::pieces::Pieces;
use std::ffi::c_char;
use tokenizers::Tokenizer;

pub struct DriftTokenizer {
    plain: Tokenizer,
    /// The quick way, where it gives the same ids.
    pieces: Option<Pieces>,
}

impl DriftTokenizer {
    fn open(json: &[u8]) -> Result<Self> {
        let mut plain = Tokenizer::from_bytes(json).map_err(invalid)?;
        // MiniLM's file asks for truncation to 128 tokens: texts would be cut without a word.
        plain.with_truncation(None).map_err(invalid)?;
        plain.with_padding(None);
        let pieces = Pieces::of(&plain, json);
        Ok(Self { plain, pieces })
    }

    fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        if let (Some(pieces), false) = (&self.pieces, special) {
            if let Some(ids) = pieces.encode(&self.plain, text)? {
                return Ok(ids);
            }
        }
        let encoding = self.plain.encode_fast(text, special).map_err(invalid)?;
        Ok(encoding.get_ids().to_vec())
    }
}

#[no_mangle]
pub unsafe extern "C" fn drift_tokenizer_open(
    json: *const c_char,
    json_size: usize,
    error: *mut CError,
) -> *mut DriftTokenizer {
    guard(
        error,
        |_| std::ptr::null_mut(),
        || {
            let tokenizer = DriftTokenizer::open(crate::bytes(json, json_size))?;
            Ok(Box::into_raw(Box::new(tokenizer)))
        },
    )
}

#[no_mangle]
pub unsafe extern "C" fn drift_tokenizer_close(tokenizer: *mut DriftTokenizer) {
    if !tokenizer.is_null() {
        drop(Box::from_raw(tokenizer));
    }
}

#[no_mangle]
pub unsafe extern "C" fn drift_tokenizer_encode(
    tokenizer: *const DriftTokenizer,
    text: *const c_char,
    text_size: usize,
    special: i32,
    ids: *mut u32,
    capacity: usize,
    error: *mut CError,
) -> i64 {
    guard(
        error,
        |_| -1,
        || {
            let found = (*tokenizer).encode(crate::text(text, text_size)?, special != 0)?;
            let fits = found.len().min(capacity);
            if fits > 0 {
                std::ptr::copy_nonoverlapping(found.as_ptr(), ids, fits);
            }
            Ok(found.len() as i64)
        },
    )
}
