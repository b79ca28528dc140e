#include "sources/delta/delta_writer.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "sources/delta/kernel_error.h"
#include "sources/delta/table_address.h"

namespace drift::delta {
namespace {

// The schema as the Delta protocol writes it.
std::string SchemaJson(const std::vector<DeltaColumn>& columns) {
  std::string out = R"({"type":"struct","fields":[)";
  for (const DeltaColumn& column : columns) {
    if (out.back() == '}') out.push_back(',');
    out += R"({"name":)";
    AppendJsonString(out, column.name);
    out += R"(,"type":)";
    AppendJsonString(out, column.type);
    out += fmt::format(R"(,"nullable":{},"metadata":{{}}}})", column.nullable);
  }
  return out + "]}";
}

}  // namespace

Status DeltaAppend::Write(std::span<const DeltaColumn> columns, std::span<const Row> rows) {
  StatusOr<ArrowRows> arrow = ToArrow(columns, rows);
  if (!arrow.ok()) return Annotate(arrow.status(), table_);
  KernelError error;
  if (dk_txn_write(txn_.get(), arrow->rows.out(), &arrow->schema.get(), error.out()) != DK_OK) {
    return error.ToStatus(table_);
  }
  return OkStatus();
}

StatusOr<int64_t> DeltaAppend::Commit() {
  int64_t version = 0;
  KernelError error;
  if (txn_ == nullptr) return Internal("{}: the append was committed before", table_);
  if (dk_txn_commit(txn_.release(), &version, error.out()) != DK_OK) return error.ToStatus(table_);
  return version;
}

StatusOr<std::unique_ptr<DeltaWriter>> DeltaWriter::Open(const DeltaOptions& options) {
  ASSIGN_OR_RETURN(const std::string address, NormalizeTable(options.table));
  RETURN_IF_ERROR(CheckStorageKeys(address, options.storage));
  ASSIGN_OR_RETURN(auto table, KernelTable::Open(address, options.storage, options.read));
  return std::unique_ptr<DeltaWriter>(new DeltaWriter(std::move(table)));
}

Status DeltaWriter::Create(const NewTable& table) {
  std::vector<const char*> partitions;
  for (const std::string& name : table.partition_columns) partitions.push_back(name.c_str());
  std::vector<dk_option> properties;
  for (const auto& [key, value] : table.properties) {
    properties.push_back({key.c_str(), value.c_str()});
  }
  KernelError error;
  if (dk_create(table_->handle(), SchemaJson(table.columns).c_str(), partitions.data(),
                partitions.size(), properties.data(), properties.size(), error.out()) != DK_OK) {
    return error.ToStatus(table_->address());
  }
  return OkStatus();
}

StatusOr<DeltaAppend> DeltaWriter::Begin() {
  constexpr int64_t kLatest = -1;
  dk_txn* txn = nullptr;
  KernelError error;
  if (dk_begin(table_->handle(), kLatest, &txn, error.out()) != DK_OK) {
    return error.ToStatus(table_->address());
  }
  return DeltaAppend(table_->address(), txn);
}

StatusOr<int64_t> DeltaWriter::Append(std::span<const DeltaColumn> columns,
                                      std::span<const Row> rows) {
  ASSIGN_OR_RETURN(DeltaAppend append, Begin());
  RETURN_IF_ERROR(append.Write(columns, rows));
  return append.Commit();
}

}  // namespace drift::delta
