// A Delta table as native/delta shows it: facts of the log and streams of Arrow batches, in C++
// terms. What a pipeline makes of them is delta_source's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "native/delta/drift_delta.h"
#include "sources/delta/kernel_stream.h"

namespace drift::delta {

// 0: the library's default (drift_delta.h, dk_limits).
struct ReadLimits {
  uint32_t batch_rows = 0;
  uint64_t batch_bytes = 0;
  uint64_t piece_bytes = 0;
  uint64_t log_cache_bytes = 0;
};

struct ColumnInfo {
  std::string name;
  std::string physical_name;  // stays when the column is renamed
  std::string type;           // as Delta writes it: "long", "decimal(10,2)", "array<string>"
  bool nullable = true;
  bool is_partition = false;
};

struct TableInfo {
  int64_t version = 0;
  std::optional<WallTime> committed_at;  // nullopt: the commit was cleaned away
  std::string table_id;
  bool change_feed = false;
  std::vector<ColumnInfo> columns;

  const ColumnInfo* Find(std::string_view name) const;
  const ColumnInfo* FindPhysical(std::string_view physical_name) const;
};

struct CommitInfo {
  int64_t version = 0;
  int64_t bytes = 0;  // of the files a reader of the change feed opens
  std::string operation;
  std::string new_table_id;     // empty unless the commit sets the metadata
  bool schema_changed = false;  // differs from the one before; of the first of a list: false
  bool change_feed = false;     // on, after this commit
};

struct LatestVersion {
  int64_t version = 0;
  uint64_t generation = 0;  // changes when the log was found to be another one
};

// Safe for concurrent use. Errors as in kernel_error.h; every call but Open() reads the store.
class KernelTable {
 public:
  // `address` as NormalizeTable() gives it. Reads nothing. kInvalidArgument: an option.
  static StatusOr<std::unique_ptr<KernelTable>> Open(
      const std::string& address, const std::map<std::string, std::string>& options,
      const ReadLimits& limits);

  const std::string& address() const { return address_; }
  dk_table* handle() { return table_.get(); }

  StatusOr<LatestVersion> Latest(std::stop_token stop);
  StatusOr<TableInfo> Describe(int64_t version, std::stop_token stop);
  // nullopt: the log does not say for every file.
  StatusOr<std::optional<int64_t>> CountRows(int64_t version, std::stop_token stop);
  // SHA-256 of the commit's text in hex. kOutOfRange: the log was cleaned beyond it.
  StatusOr<std::string> Fingerprint(int64_t version, std::stop_token stop);
  // When the version was committed; in-commit timestamps where the table has them.
  StatusOr<WallTime> CommitTime(int64_t version, std::stop_token stop);
  // first..last or fewer: up to the commit with which the bytes exceed `byte_limit` (0: no limit).
  StatusOr<std::vector<CommitInfo>> ReadHistory(int64_t first, int64_t last, uint64_t byte_limit,
                                                std::stop_token stop);
  // Whether all files of the version are still there.
  StatusOr<bool> IsReadable(int64_t version, std::stop_token stop);

  // Rows of a version from a file on, in order of file. Columns by their names at that version.
  StatusOr<KernelStream> Scan(int64_t version, std::span<const std::string> columns,
                              int64_t first_file, std::stop_token stop);
  // Rows of the change feed, by version; the names at `last`.
  StatusOr<KernelStream> Changes(int64_t first, int64_t last, std::span<const std::string> columns,
                                 std::stop_token stop);

 private:
  struct Closer {
    void operator()(dk_table* table) const { dk_close(table); }
  };
  KernelTable(std::string address, dk_table* table) : address_(std::move(address)), table_(table) {}

  const std::string address_;
  const std::unique_ptr<dk_table, Closer> table_;
};

}  // namespace drift::delta
