#include "sources/delta/kernel_table.h"

#include <array>
#include <utility>

#include "base/encoding.h"
#include "sources/delta/cancel_scope.h"
#include "sources/delta/kernel_error.h"

namespace drift::delta {
namespace {

std::vector<dk_option> Options(const std::map<std::string, std::string>& options) {
  std::vector<dk_option> list;
  for (const auto& [key, value] : options) list.push_back({key.c_str(), value.c_str()});
  return list;
}

std::vector<const char*> Names(std::span<const std::string> columns) {
  std::vector<const char*> names;
  for (const std::string& column : columns) names.push_back(column.c_str());
  return names;
}

WallTime FromMillis(int64_t millis) {
  return WallTime(std::chrono::milliseconds(millis));
}

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* value) const { Free(value); }
};
using InfoPtr = std::unique_ptr<dk_info, Freer<dk_info, dk_info_free>>;
using HistoryPtr = std::unique_ptr<dk_history, Freer<dk_history, dk_history_free>>;

TableInfo FromC(const dk_info& info) {
  TableInfo table;
  table.version = info.version;
  if (info.committed_ms >= 0) table.committed_at = FromMillis(info.committed_ms);
  table.table_id = info.table_id;
  table.change_feed = info.change_feed != 0;
  for (const dk_column& column : std::span(info.columns, info.column_count)) {
    table.columns.push_back({column.name, column.physical_name, column.type, column.nullable != 0,
                             column.is_partition != 0});
  }
  return table;
}

CommitInfo FromC(const dk_commit& commit) {
  return {.version = commit.version,
          .bytes = commit.bytes,
          .operation = commit.operation,
          .new_table_id = commit.new_table_id == nullptr ? "" : commit.new_table_id,
          .schema_changed = commit.schema_changed != 0,
          .change_feed = commit.change_feed != 0};
}

}  // namespace

const ColumnInfo* TableInfo::Find(std::string_view name) const {
  for (const ColumnInfo& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

const ColumnInfo* TableInfo::FindPhysical(std::string_view physical_name) const {
  for (const ColumnInfo& column : columns) {
    if (column.physical_name == physical_name) return &column;
  }
  return nullptr;
}

StatusOr<std::unique_ptr<KernelTable>> KernelTable::Open(
    const std::string& address, const std::map<std::string, std::string>& options,
    const ReadLimits& limits) {
  const std::vector<dk_option> list = Options(options);
  const dk_limits c_limits = {.batch_rows = limits.batch_rows,
                              .batch_bytes = limits.batch_bytes,
                              .piece_bytes = limits.piece_bytes,
                              .log_cache_bytes = limits.log_cache_bytes};
  dk_table* table = nullptr;
  KernelError error;
  if (dk_open(address.c_str(), list.data(), list.size(), &c_limits, &table, error.out()) != DK_OK) {
    return error.ToStatus(address);
  }
  return std::unique_ptr<KernelTable>(new KernelTable(address, table));
}

StatusOr<LatestVersion> KernelTable::Latest(std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  LatestVersion latest;
  KernelError error;
  if (dk_latest(handle(), cancel.get(), &latest.version, &latest.generation, error.out()) !=
      DK_OK) {
    return error.ToStatus(address_);
  }
  return latest;
}

StatusOr<TableInfo> KernelTable::Describe(int64_t version, std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  dk_info* info = nullptr;
  KernelError error;
  if (dk_describe(handle(), version, cancel.get(), &info, error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return FromC(*InfoPtr(info));
}

StatusOr<std::optional<int64_t>> KernelTable::CountRows(int64_t version, std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  int64_t rows = -1;
  KernelError error;
  if (dk_count_rows(handle(), version, cancel.get(), &rows, error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return rows < 0 ? std::nullopt : std::optional<int64_t>(rows);
}

StatusOr<std::string> KernelTable::Fingerprint(int64_t version, std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  std::array<uint8_t, 32> digest{};
  KernelError error;
  if (dk_fingerprint(handle(), version, cancel.get(), digest.data(), error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

StatusOr<WallTime> KernelTable::CommitTime(int64_t version, std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  int64_t millis = 0;
  KernelError error;
  if (dk_commit_time(handle(), version, cancel.get(), &millis, error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return FromMillis(millis);
}

StatusOr<std::vector<CommitInfo>> KernelTable::ReadHistory(int64_t first, int64_t last,
                                                           uint64_t byte_limit,
                                                           std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  dk_history* read = nullptr;
  KernelError error;
  if (dk_read_history(handle(), first, last, byte_limit, cancel.get(), &read, error.out()) !=
      DK_OK) {
    return error.ToStatus(address_);
  }
  const HistoryPtr history(read);
  std::vector<CommitInfo> commits;
  for (const dk_commit& commit : std::span(history->commits, history->count)) {
    commits.push_back(FromC(commit));
  }
  return commits;
}

StatusOr<bool> KernelTable::IsReadable(int64_t version, std::stop_token stop) {
  CancelScope cancel(std::move(stop));
  int32_t readable = 0;
  KernelError error;
  if (dk_is_readable(handle(), version, cancel.get(), &readable, error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return readable != 0;
}

StatusOr<KernelStream> KernelTable::Scan(int64_t version, std::span<const std::string> columns,
                                         int64_t first_file, std::stop_token stop) {
  CancelHandle cancel = MakeCancel();
  const CancelOn cancel_on_stop(std::move(stop), cancel.get());
  const std::vector<const char*> names = Names(columns);
  dk_stream* stream = nullptr;
  KernelError error;
  if (dk_scan(handle(), version, names.data(), names.size(), first_file, cancel.get(), &stream,
              error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return KernelStream::Make(address_, stream, std::move(cancel));
}

StatusOr<KernelStream> KernelTable::Changes(int64_t first, int64_t last,
                                            std::span<const std::string> columns,
                                            std::stop_token stop) {
  CancelHandle cancel = MakeCancel();
  const CancelOn cancel_on_stop(std::move(stop), cancel.get());
  const std::vector<const char*> names = Names(columns);
  dk_stream* stream = nullptr;
  KernelError error;
  if (dk_changes(handle(), first, last, names.data(), names.size(), cancel.get(), &stream,
                 error.out()) != DK_OK) {
    return error.ToStatus(address_);
  }
  return KernelStream::Make(address_, stream, std::move(cancel));
}

}  // namespace drift::delta
