/* Reading and writing Delta tables: the C side of libdrift_delta.so, a crate over the official
 * Delta kernel. Arrow data crosses by the Arrow C Data Interface (struct ArrowArray, ArrowSchema:
 * sources/delta/arrow_abi.h).
 *
 * Rules that hold for every function:
 * - Those that return int return DK_OK or the code that is in `error`. `error` may be NULL. On
 * failure its strings belong to the caller, who frees them with dk_error_free(); out parameters are
 *   untouched.
 * - Strings that go in are UTF-8, ended by NUL, and are copied. Pointers must not be NULL unless
 * said.
 * - Nothing is tried twice but single requests to an object store (a few times, for a few seconds).
 * - A panic inside becomes DK_INTERNAL; the process lives on.
 * - `cancel` may be NULL. Firing it ends the calls and streams it was given to with DK_CANCELLED,
 *   within milliseconds, wherever they wait.
 * - No fork() after the first call, no dlclose(): threads of the library live as long as the
 * process.
 */
#ifndef DRIFT_NATIVE_DELTA_DRIFT_DELTA_H_
#define DRIFT_NATIVE_DELTA_DRIFT_DELTA_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ArrowArray;
struct ArrowSchema;

/* ---- errors ---------------------------------------------------------------------------------- */

enum dk_code {
  DK_OK = 0,
  DK_INVALID_ARGUMENT = 1, /* an option, a URL, a column that is not there */
  DK_NOT_FOUND = 2,        /* no table there */
  DK_PERMISSION = 3,       /* the store refuses the credentials, or there are none */
  DK_RETRY = 4,            /* the store does not answer, or not as it should */
  DK_HISTORY_GONE =
      5,           /* log cleaned or files vacuumed. version: the earliest that is left, or -1 */
  DK_FEED_OFF = 6, /* no change feed. version: where it is off */
  DK_SCHEMA_CHANGED = 7, /* the range goes over a change of the schema: read it in parts */
  DK_UNSUPPORTED = 8,    /* a table feature, or a type, that cannot be read or written */
  DK_CORRUPT = 9,        /* unreadable log or data */
  DK_CANCELLED = 10,
  DK_NOT_YET = 11,  /* beyond the latest version. version: the latest */
  DK_CONFLICT = 12, /* somebody else committed. version: theirs */
  DK_EXISTS = 13,   /* there is a table already */
  DK_INTERNAL = 14, /* a bug, here or in the kernel */
};

struct dk_error {
  int32_t code; /* enum dk_code */
  int32_t reserved;
  int64_t version; /* see the codes; -1 if it means nothing */
  char* message;   /* one line, without secrets */
  char* kind;      /* the kernel's own name of the error, for logs */
};
void dk_error_free(struct dk_error* error);

/* ---- cancelling: one object may serve many calls, one after another or at once --------------- */

typedef struct dk_cancel dk_cancel;
dk_cancel* dk_cancel_new(void);
void dk_cancel_fire(dk_cancel* cancel); /* from any thread, any number of times; for good */
void dk_cancel_free(dk_cancel* cancel); /* streams it was given to go on without it */

/* ---- tables ---------------------------------------------------------------------------------- */

struct dk_option {
  const char* key;
  const char* value;
};

/* What a store's options may be called: "region,endpoint,..." for "s3", "az", "gs"; "" otherwise.
 */
const char* dk_storage_keys(const char* scheme);

struct dk_limits {          /* 0: the default */
  uint32_t batch_rows;      /* rows of a batch, at most: 8192 */
  uint64_t batch_bytes;     /* of a batch, about: 4 MiB */
  uint64_t piece_bytes;     /* row groups above this (compressed) are read in pieces: 64 MiB */
  uint64_t log_cache_bytes; /* of N.json texts kept in memory: 8 MiB */
};

/* A table handle: many threads at once. */
typedef struct dk_table dk_table;

/* `address`: an absolute path, file://, s3://, az:// or gs://. Reads nothing yet. `limits` may be
 * NULL. S3 without access_key_id: the AWS_ environment variables, else web identity or the
 * instance's role. */
int dk_open(const char* address, const struct dk_option* options, size_t option_count,
            const struct dk_limits* limits, dk_table** table, struct dk_error* error);
void dk_close(dk_table* table); /* streams live on */

/* The latest version. Costs two small requests when nothing is new. `generation` changes whenever
 * the log was found to be another than before (and with the first call): what was concluded from it
 * must then be checked again. */
int dk_latest(dk_table* table, dk_cancel* cancel, int64_t* version, uint64_t* generation,
              struct dk_error* error);

struct dk_column {
  const char* name;
  const char* physical_name; /* the same as long as the column is; equal to name without mapping */
  const char* type;          /* as Delta writes it: "long", "decimal(10,2)", "array<string>" */
  uint8_t nullable;
  uint8_t is_partition;
};

struct dk_info {
  int64_t version;
  int64_t committed_ms; /* since 1970, UTC; -1 if it cannot be known any more */
  const char* table_id;
  uint8_t change_feed; /* on at this version */
  size_t column_count;
  const struct dk_column* columns; /* top level, in the table's order */
};

/* The table as of a version. */
int dk_describe(dk_table* table, int64_t version, dk_cancel* cancel, struct dk_info** info,
                struct dk_error* error);
void dk_info_free(struct dk_info* info);

/* Rows at a version as the log states them; -1 if it does not for every file. */
int dk_count_rows(dk_table* table, int64_t version, dk_cancel* cancel, int64_t* rows,
                  struct dk_error* error);

/* SHA-256 of the commit's text: tells whether it is still the same commit. DK_HISTORY_GONE if the
 * log was cleaned beyond it. */
int dk_fingerprint(dk_table* table, int64_t version, dk_cancel* cancel, uint8_t digest[32],
                   struct dk_error* error);

/* When a version was committed: its in-commit timestamp where the table has them, else the time of
 * its file. DK_HISTORY_GONE as above. */
int dk_commit_time(dk_table* table, int64_t version, dk_cancel* cancel, int64_t* unix_ms,
                   struct dk_error* error);

struct dk_commit {
  int64_t version;
  int64_t bytes;            /* of the files a reader of the change feed opens */
  const char* operation;    /* "" if the writer did not say */
  const char* new_table_id; /* NULL unless the commit sets the metadata */
  uint8_t schema_changed;   /* differs from the schema before; of the first: 0 */
  uint8_t change_feed;      /* on, after this commit */
};

struct dk_history {
  size_t count;
  const struct dk_commit* commits; /* ascending, without holes */
};

/* Commits first..last, or fewer: it ends with the commit with which the sum of bytes exceeds
 * byte_limit (0: no limit). */
int dk_read_history(dk_table* table, int64_t first, int64_t last, uint64_t byte_limit,
                    dk_cancel* cancel, struct dk_history** history, struct dk_error* error);
void dk_history_free(struct dk_history* history);

/* ---- reading --------------------------------------------------------------------------------- */

/* One thread at a time; outlives its table. Arrays that came out of it outlive both. */
typedef struct dk_stream dk_stream;

/* The rows of `version`, file by file in order of path, from file `first_file` (0: all) on. */
int dk_scan(dk_table* table, int64_t version, const char* const* columns, size_t column_count,
            int64_t first_file, dk_cancel* cancel, dk_stream** stream, struct dk_error* error);

/* Whether all files of a version are still there, those that were removed since looked up one by
 * one: `readable` is 0 or 1. A version whose log is gone is not readable. */
int dk_is_readable(dk_table* table, int64_t version, dk_cancel* cancel, int32_t* readable,
                   struct dk_error* error);

/* What first..last changed, ascending by version. `columns` may and should hold _change_type
 * (string) and _commit_version (long). Checked here: feed on and schema equal at both ends. */
int dk_changes(dk_table* table, int64_t first, int64_t last, const char* const* columns,
               size_t column_count, dk_cancel* cancel, dk_stream** stream, struct dk_error* error);

/* A struct with the columns in the order they were asked for. The caller releases it. */
int dk_stream_schema(dk_stream* stream, struct ArrowSchema* schema, struct dk_error* error);

/* The next batch, which the caller releases; array->release == NULL: the end. `files_done` (may be
 * NULL): of a scan, how many files of the version have been read to their end, this batch included,
 * counted from file 0. After an error the stream is dead and repeats it. */
int dk_stream_next(dk_stream* stream, struct ArrowArray* array, int64_t* files_done,
                   struct dk_error* error);
void dk_stream_close(dk_stream* stream);

/* ---- writing --------------------------------------------------------------------------------- */

/* Makes version 0, without rows. `schema_json`: a Delta schema (struct). Folders are made. */
int dk_create(dk_table* table, const char* schema_json, const char* const* partition_columns,
              size_t partition_count, const struct dk_option* properties, size_t property_count,
              struct dk_error* error);

typedef struct dk_txn dk_txn; /* one thread at a time */

/* An append on top of `version` (-1: the latest). */
int dk_begin(dk_table* table, int64_t version, dk_txn** txn, struct dk_error* error);

/* Takes `array` (and releases it, also on failure); `schema` stays the caller's. A struct array
 * whose fields are the table's columns; of a partitioned table, rows may be of any partitions. */
int dk_txn_write(dk_txn* txn, struct ArrowArray* array, const struct ArrowSchema* schema,
                 struct dk_error* error);

/* Consumes the transaction, whatever happens. DK_CONFLICT: somebody committed since dk_begin();
 * nothing was written, begin again. */
int dk_txn_commit(dk_txn* txn, int64_t* version, struct dk_error* error);
void dk_txn_abort(dk_txn* txn); /* files written so far are left for VACUUM */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DRIFT_NATIVE_DELTA_DRIFT_DELTA_H_ */
