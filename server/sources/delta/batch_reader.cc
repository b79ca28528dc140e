#include "sources/delta/batch_reader.h"

#include <algorithm>

#include "core/reasons.h"
#include "sources/delta/arrow_value.h"

namespace drift::delta {
namespace {

constexpr std::string_view kChangeTypeColumn = "_change_type";
constexpr std::string_view kVersionColumn = "_commit_version";

struct Plan {
  std::vector<std::string> read;
  std::vector<int> cells;
};

Plan PlanColumns(std::span<const std::string> names) {
  Plan plan;
  for (const std::string& name : names) {
    if (name.empty()) {
      plan.cells.push_back(-1);
      continue;
    }
    const auto known = std::find(plan.read.begin(), plan.read.end(), name);
    plan.cells.push_back(static_cast<int>(known - plan.read.begin()));
    if (known == plan.read.end()) plan.read.push_back(name);
  }
  return plan;
}

}  // namespace

StatusOr<BatchReader> BatchReader::Open(KernelTable& table, const Window& window,
                                        std::span<const std::string> names, int64_t first_file,
                                        std::stop_token stop) {
  Plan plan = PlanColumns(names);
  if (window.kind == Window::Kind::kChanges) {
    plan.read.emplace_back(kChangeTypeColumn);
    plan.read.emplace_back(kVersionColumn);
    ASSIGN_OR_RETURN(KernelStream stream,
                     table.Changes(window.first_version, window.last_version, plan.read, stop));
    return BatchReader(std::move(stream), std::move(plan.cells), window);
  }
  if (plan.read.empty()) {
    // Rows must still be counted, so one column is read for the sake of it.
    ASSIGN_OR_RETURN(const TableInfo info, table.Describe(window.last_version, stop));
    if (!info.columns.empty()) plan.read.push_back(info.columns[0].name);
  }
  ASSIGN_OR_RETURN(KernelStream stream,
                   table.Scan(window.last_version, plan.read, first_file, stop));
  return BatchReader(std::move(stream), std::move(plan.cells), window);
}

StatusOr<bool> BatchReader::Next(std::stop_token stop) {
  batch_.reset();
  ASSIGN_OR_RETURN(batch_, stream_.Next(std::move(stop)));
  return batch_.has_value();
}

Row BatchReader::ReadRow(int64_t row) const {
  const int64_t at = batch_->rows.get().offset + row;
  Row cells;
  cells.reserve(cells_.size());
  for (const int index : cells_) {
    if (index < 0) {
      cells.emplace_back();
    } else {
      cells.push_back(ReadValue(stream_.type().children[index], Column(index), at));
    }
  }
  return cells;
}

int64_t BatchReader::Version(int64_t row) const {
  if (!is_feed_) return snapshot_version_;
  const int index = static_cast<int>(stream_.type().children.size()) - 1;
  const Value version =
      ReadValue(stream_.type().children[index], Column(index), batch_->rows.get().offset + row);
  const auto* number = std::get_if<int64_t>(&version);
  return number == nullptr ? snapshot_version_ : *number;
}

StatusOr<ChangeType> BatchReader::Type(int64_t row) const {
  if (!is_feed_) return ChangeType::kInsert;
  const int index = static_cast<int>(stream_.type().children.size()) - 2;
  const std::string_view word =
      ReadText(stream_.type().children[index], Column(index), batch_->rows.get().offset + row);
  if (word == "insert") return ChangeType::kInsert;
  if (word == "update_postimage") return ChangeType::kUpdatePostimage;
  if (word == "update_preimage") return ChangeType::kUpdatePreimage;
  if (word == "delete") return ChangeType::kDelete;
  return WithReason(DataLoss("unknown type of change '{}' in the change feed", word),
                    reason::kTableCorrupt);
}

}  // namespace drift::delta
