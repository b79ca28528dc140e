// Writing Delta tables: create, append, and a conflict told apart.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/value.h"
#include "sources/delta/arrow_rows.h"
#include "sources/delta/delta_source.h"
#include "sources/delta/kernel_table.h"

namespace drift::delta {

struct NewTable {
  std::vector<DeltaColumn> columns;
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties = {{"delta.enableChangeDataFeed", "true"}};
};

// An append in the making. One thread at a time; does not outlive its writer. Destroyed without
// Commit(): nothing happened, but for files that VACUUM will find.
class DeltaAppend {
 public:
  // Any number of times; each call writes one data file (per partition). Columns the rows do not
  // have are NULL.
  Status Write(std::span<const DeltaColumn> columns, std::span<const Row> rows);
  // The new version; once only. kAborted: somebody committed since Begin(), nothing was written;
  // begin again.
  StatusOr<int64_t> Commit();

 private:
  friend class DeltaWriter;
  struct Aborter {
    void operator()(dk_txn* txn) const { dk_txn_abort(txn); }
  };
  DeltaAppend(std::string table, dk_txn* txn) : table_(std::move(table)), txn_(txn) {}

  std::string table_;
  std::unique_ptr<dk_txn, Aborter> txn_;
};

// Safe for concurrent use. Errors as for Source; nothing is cancelled half way.
class DeltaWriter {
 public:
  static StatusOr<std::unique_ptr<DeltaWriter>> Open(const DeltaOptions& options);

  // Version 0, without rows; folders are made. kAlreadyExists.
  Status Create(const NewTable& table);

  // On top of the latest version.
  StatusOr<DeltaAppend> Begin();

  // Begin, Write, Commit: one commit with all the rows.
  StatusOr<int64_t> Append(std::span<const DeltaColumn> columns, std::span<const Row> rows);

 private:
  explicit DeltaWriter(std::unique_ptr<KernelTable> table) : table_(std::move(table)) {}

  const std::unique_ptr<KernelTable> table_;
};

}  // namespace drift::delta
