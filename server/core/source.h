// A table and how to read its changes.
//
// A source is read in windows: ranges of whole versions that are applied at once. Each window is
// read twice: first the keys, change types and versions (small, so that the newest change of each
// key and broken identities are known before anything is paid), then the rows whose new state wins.
// Both passes of one Window see the same data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/types.h"

namespace drift {

// The columns a pipeline reads: rows come with the key columns' cells first, then the others.
struct Projection {
  std::vector<std::string> key_columns;
  std::vector<std::string> columns;
};

// The table as it is now.
struct SourceInfo {
  std::string table_id;
  int64_t version = 0;
  WallTime committed_at;                  // of `version`
  bool has_change_feed = false;           // false: kept in step by snapshot diff
  std::vector<std::string> columns;       // top-level names, in the table's order
  std::vector<std::string> column_types;  // the same length; the source's own words, for messages
  std::optional<int64_t> rows;            // when the source knows without reading
};

struct Lag {
  int64_t latest_version = 0;
  int64_t versions = 0;                      // latest minus the cursor's
  std::optional<WallTime> oldest_unapplied;  // commit time of the first version after the cursor
};

struct WindowLimits {
  int64_t max_versions = 1000;
  size_t max_bytes = 256u << 20;  // of data files to read, as the source's log states them
};

struct Window {
  enum class Kind : uint8_t {
    kSnapshot,  // every row of the table at `last_version`
    kChanges,   // what versions first_version..last_version changed
  };
  Kind kind = Kind::kSnapshot;
  int64_t first_version = 0;
  int64_t last_version = 0;
  // kSnapshot: versions do not go on from the cursor the snapshot was asked with (another table at
  // the same place, put back from a backup): the pipeline's revision must go up.
  bool restarts_versions = false;
  // kSnapshot: rows that an earlier attempt has applied are left out of ReadRows() (never of
  // ReadKeys()).
  bool resumed = false;
  // Resume here once the whole window is durable.
  Cursor next;
  // The source's own notes (files to skip when a snapshot is resumed, names of renamed columns).
  std::string state;
};

enum class ChangeType : uint8_t { kInsert, kUpdatePreimage, kUpdatePostimage, kDelete };

struct KeyEvent {
  Row key;          // cells of the key columns
  int64_t version;  // ascending over a whole stream
  ChangeType type;  // of a snapshot: kInsert
};

// Streams are used by one thread at a time and do not outlive their Source.
class KeyStream {
 public:
  virtual ~KeyStream() = default;
  // Up to some thousands of events; empty: the end. Errors as for Source.
  virtual StatusOr<std::vector<KeyEvent>> Next(std::stop_token stop) = 0;
};

struct SourceRow {
  Row cells;  // as in Projection
  int64_t version;
};

struct RowBatch {
  std::vector<SourceRow> rows;
  size_t bytes = 0;  // of memory
  // Set when a snapshot may be resumed after this batch without reading what came before it.
  std::optional<Cursor> resume;
};

class RowStream {
 public:
  virtual ~RowStream() = default;
  // New states only (inserts and postimages), ascending by version; nullopt: the end.
  virtual StatusOr<std::optional<RowBatch>> Next(std::stop_token stop) = 0;
};

// Safe for concurrent use. One attempt, no retry inside. Codes, each with a Reason() where named:
//   kNotFound            no table there (TABLE_NOT_FOUND)
//   kPermissionDenied    the store refuses the credentials
//   kUnavailable         the store does not answer; try again
//   kOutOfRange          history is gone (HISTORY_GONE)
//   kFailedPrecondition  TABLE_RECREATED, TABLE_PUT_BACK, CHANGE_FEED_OFF, COLUMN_MISSING,
//                        KEY_TYPE_CHANGED, UNSUPPORTED_TABLE
//   kDataLoss            unreadable log or data (TABLE_CORRUPT)
class Source {
 public:
  virtual ~Source() = default;

  // Reach, rights, columns present; changes nothing.
  virtual StatusOr<SourceInfo> Check(std::stop_token stop) = 0;

  // How far `from` is behind; cheap enough to call every few seconds.
  virtual StatusOr<Lag> Behind(const Cursor& from, std::stop_token stop) = 0;

  // The whole table at its latest version, or what is left of an unfinished snapshot if `from` is
  // in the middle of one whose version can still be read.
  virtual StatusOr<Window> Snapshot(const std::optional<Cursor>& from, std::stop_token stop) = 0;

  // The next window after `from`; nullopt when there is nothing new. A kSnapshot window when `from`
  // is in the middle of a snapshot, or when the table has no change feed and has moved.
  virtual StatusOr<std::optional<Window>> Next(const Cursor& from, const WindowLimits& limits,
                                               std::stop_token stop) = 0;

  // A cursor from which Next() yields version `version` and later. kInvalidArgument: beyond the
  // latest version + 1.
  virtual StatusOr<Cursor> StartAt(int64_t version, std::stop_token stop) = 0;

  // The window cut to end with `version` (first_version <= version < last_version; kChanges only).
  virtual StatusOr<Window> Cut(const Window& window, int64_t version, std::stop_token stop) = 0;

  // The table as it was when everything up to `from` had been applied: to read single rows again.
  virtual StatusOr<Window> SnapshotAt(const Cursor& from, std::stop_token stop) = 0;

  // When a version was committed. kNotFound: its commit is gone, or the source does not know.
  virtual StatusOr<WallTime> CommittedAt(int64_t version, std::stop_token /*stop*/) {
    return NotFound("the commit time of version {} is not known", version);
  }

  virtual StatusOr<std::unique_ptr<KeyStream>> ReadKeys(const Window& window,
                                                        std::stop_token stop) = 0;
  virtual StatusOr<std::unique_ptr<RowStream>> ReadRows(const Window& window,
                                                        std::stop_token stop) = 0;
};

}  // namespace drift
