//! Tokenizers and transformer models behind the C header `drift_models.h`, which says what each
//! function promises. Every function runs inside `error::guard`, so no panic crosses the boundary.
//!
//! Safety of all `unsafe` here: pointers and lengths are the caller's, as the header requires.

mod error;
mod onnx;
mod pieces;
mod tiktoken;
mod tokenizer;

const ABI: i32 = 1;

#[no_mangle]
pub extern "C" fn drift_models_abi() -> i32 {
    ABI
}

/// The bytes the caller points at; an empty slice may come as a null pointer.
unsafe fn bytes<'a>(data: *const std::ffi::c_char, size: usize) -> &'a [u8] {
    if size == 0 {
        return &[];
    }
    std::slice::from_raw_parts(data.cast(), size)
}

unsafe fn text<'a>(data: *const std::ffi::c_char, size: usize) -> error::Result<&'a str> {
    std::str::from_utf8(bytes(data, size)).map_err(|_| error::invalid("the text is not UTF-8"))
}
