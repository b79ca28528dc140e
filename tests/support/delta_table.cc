#include "tests/support/delta_table.h"

#include <cstdio>
#include <cstdlib>

#include "base/text_file.h"

namespace drift::testing {
namespace {

[[noreturn]] void Die(const Status& status) {
  std::fprintf(stderr, "a table for a test: %s\n", std::string(Message(status)).c_str());
  std::abort();
}

template <typename T>
T OrDie(StatusOr<T> result) {
  if (!result.ok()) Die(result.status());
  return *std::move(result);
}

void OrDie(const Status& status) {
  if (!status.ok()) Die(status);
}

const std::vector<delta::DeltaColumn>& Columns() {
  static const std::vector<delta::DeltaColumn> columns = {
      {"id", "long"}, {"title", "string"}, {"body", "string"}};
  return columns;
}

}  // namespace

DeltaTestTable::DeltaTestTable(std::string path, std::map<std::string, std::string> storage)
    : path_(std::move(path)), storage_(std::move(storage)) {
  writer_ = OrDie(delta::DeltaWriter::Open({.table = path_, .storage = storage_}));
  OrDie(writer_->Create({.columns = Columns()}));
}

int64_t DeltaTestTable::Append(const std::vector<Doc>& docs) {
  return AppendFiles({docs});
}

int64_t DeltaTestTable::AppendFiles(const std::vector<std::vector<Doc>>& files) {
  delta::DeltaAppend append = OrDie(writer_->Begin());
  for (const std::vector<Doc>& docs : files) {
    std::vector<Row> rows;
    for (const Doc& doc : docs) rows.push_back({doc.id, doc.title, doc.body});
    OrDie(append.Write(Columns(), rows));
  }
  return OrDie(append.Commit());
}

std::unique_ptr<Source> DeltaTestTable::Open() const {
  return OrDie(
      delta::OpenDelta({.table = path_, .storage = storage_}, {{"id"}, {"title", "body"}}));
}

std::string CommitFile(const std::string& table, int64_t version) {
  return fmt::format("{}/_delta_log/{:020}.json", table, version);
}

void WriteCommit(const std::string& table, int64_t version, std::string_view lines) {
  OrDie(WriteTextFile(CommitFile(table, version), lines));
}

}  // namespace drift::testing
