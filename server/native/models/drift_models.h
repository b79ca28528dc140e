// Tokenizers and transformer models, from libdrift_models.so.
//
// Plain C over a Rust library. Every function may be called from any thread; what an object allows
// is said beside it. No function throws, aborts or prints: an error of any kind, a bug of the
// library included, comes back as a code with a message. Strings go in as pointer and length,
// UTF-8, without a terminating zero.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What went wrong. Given by the caller, filled only on an error.
enum {
  DRIFT_MODELS_OK = 0,
  DRIFT_MODELS_INVALID = 1,    // the file or the text cannot be used
  DRIFT_MODELS_NOT_FOUND = 2,  // the ONNX Runtime library is not there, or of an older release
  DRIFT_MODELS_INTERNAL = 3,   // a bug
  DRIFT_MODELS_CANCELLED = 4,  // drift_onnx_stop
};
typedef struct drift_models_error {
  int32_t code;
  char message[508];  // zero-terminated, one line, never a text's content
} drift_models_error;

// Goes up when a signature below changes; the caller compares it with DRIFT_MODELS_ABI.
#define DRIFT_MODELS_ABI 1
int32_t drift_models_abi(void);

// ---- Hugging Face tokenizers ----

// Safe for concurrent use.
typedef struct drift_tokenizer drift_tokenizer;

// `json` is a tokenizer.json. Truncation and padding that it asks for are switched off: no text is
// cut. NULL on an error.
drift_tokenizer* drift_tokenizer_open(const char* json, size_t json_size,
                                      drift_models_error* error);
void drift_tokenizer_close(drift_tokenizer* tokenizer);  // NULL is fine

// Token ids of `text`, with what the tokenizer puts around a text ([CLS], </s>) if `special` is not
// 0. Writes at most `capacity` ids and returns how many there are, so a larger result than
// `capacity` means: call again with more room. -1 on an error.
int64_t drift_tokenizer_encode(const drift_tokenizer* tokenizer, const char* text, size_t text_size,
                               int32_t special, uint32_t* ids, size_t capacity,
                               drift_models_error* error);

// ---- tiktoken ----

enum { DRIFT_TIKTOKEN_CL100K = 1, DRIFT_TIKTOKEN_O200K = 2 };

// Tokens of `text` as OpenAI counts them; special tokens in the text count as ordinary text. The
// first call for an encoding reads its vocabulary (some tenths of a second, tens of MB). -1 on an
// error.
int64_t drift_tiktoken_count(int32_t encoding, const char* text, size_t text_size,
                             drift_models_error* error);

// ---- ONNX Runtime ----

// Opens the ONNX Runtime library (1.24 or newer) at `path`. The first call that succeeds decides
// for the whole process; later ones are OK without a look at their path. 0, or the error's code.
// What the library would report to its makers stays off.
int32_t drift_onnx_load(const char* path, size_t path_size, drift_models_error* error);

// Embeds one batch at a time; sessions are independent of one another.
typedef struct drift_onnx_session drift_onnx_session;

// `model` is an .onnx file's content, `threads` (at least 1) work on one call. The model takes
// input_ids, attention_mask and, if it declares them, token_type_ids as int64 [batch, length] and
// gives float32 [batch, length, dimensions] as its first output. REQUIRES: drift_onnx_load was OK.
// NULL on an error.
drift_onnx_session* drift_onnx_open(const char* model, size_t model_size, int32_t threads,
                                    drift_models_error* error);
void drift_onnx_close(drift_onnx_session* session);  // NULL is fine

// With `stop` not 0: a drift_onnx_embed that runs, and every later one, ends soon with
// DRIFT_MODELS_CANCELLED; with 0 that is over. From any thread.
void drift_onnx_stop(const drift_onnx_session* session, int32_t stop);

enum { DRIFT_POOLING_MEAN = 1, DRIFT_POOLING_CLS = 2 };

// Embeds `batch` texts: `ids` is [batch, length], row-major, each row padded to `length` with any
// id; `lengths[i]` (at least 1) of row i are real. Writes `batch` unit vectors of `dimensions`
// floats to `out`. 0, or the error's code: DRIFT_MODELS_INVALID when the model's output has another
// dimension.
int32_t drift_onnx_embed(const drift_onnx_session* session, const uint32_t* ids,
                         const size_t* lengths, size_t batch, size_t length, int32_t pooling,
                         float* out, size_t dimensions, drift_models_error* error);

#ifdef __cplusplus
}  // extern "C"
#endif
