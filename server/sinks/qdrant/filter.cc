#include "sinks/qdrant/filter.h"

#include <charconv>
#include <cmath>

namespace drift::qdrant {
namespace {

pb::FieldCondition& AddField(google::protobuf::RepeatedPtrField<pb::Condition>& conditions,
                             std::string_view key) {
  pb::FieldCondition& field = *conditions.Add()->mutable_field();
  field.set_key(std::string(key));
  return field;
}

// (stored revision, stored version) <= guard. A point that lost its revision (somebody overwrote
// its payload) is older than everything: otherwise it could never be put right again.
void AddAtMost(const Guard& guard, pb::Filter& filter) {
  auto& either = *filter.mutable_should();
  AddField(either, kRevisionField).mutable_range()->set_lt(guard.revision);
  auto& both = *either.Add()->mutable_filter()->mutable_must();
  AddField(both, kRevisionField).mutable_match()->set_integer(guard.revision);
  AddField(both, kVersionField).mutable_range()->set_lte(static_cast<double>(guard.version));
  either.Add()->mutable_is_empty()->set_key(kRevisionField);
}

// A column's name as the first part of a path. Only plain words may stand without quotes, and there
// is no escape inside them.
StatusOr<std::string> PathOf(std::string_view column) {
  if (column.find_first_of("\"\\") != std::string_view::npos) {
    return InvalidArgument(
        "Qdrant cannot filter by column '{}': its name holds a quote or backslash", column);
  }
  return fmt::format("\"{}\"", column);
}

void AddNumber(std::string_view text, const std::string& path, pb::Filter& any) {
  const char* end = text.data() + text.size();
  int64_t integer = 0;
  if (const auto parsed = std::from_chars(text.data(), end, integer);
      parsed.ec == std::errc() && parsed.ptr == end) {
    AddField(*any.mutable_should(), path).mutable_match()->set_integer(integer);
  }
  double number = 0;
  const auto parsed = std::from_chars(text.data(), end, number);
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it neighbours would be equal
  if (parsed.ec != std::errc() || parsed.ptr != end || !(std::abs(number) < kExact)) return;
  pb::Range& range = *AddField(*any.mutable_should(), path).mutable_range();
  range.set_gte(number);
  range.set_lte(number);
}

}  // namespace

void AddIds(std::span<const GuardedId> ids, pb::Filter& filter) {
  auto& has_id = *filter.add_must()->mutable_has_id();
  has_id.mutable_has_id()->Reserve(static_cast<int>(ids.size()));
  for (const GuardedId& item : ids) has_id.add_has_id()->set_uuid(item.id.ToString());
}

void SetGuard(std::span<const GuardedId> ids, pb::Filter& filter) {
  filter.Clear();
  const bool one_guard = ids.empty() || ids.front().guard == ids.back().guard;
  if (one_guard) {
    if (!ids.empty()) AddAtMost(ids.front().guard, filter);
    return;
  }
  while (!ids.empty()) {
    size_t same = 1;
    while (same < ids.size() && ids[same].guard == ids[0].guard) ++same;
    pb::Filter& group = *filter.add_should()->mutable_filter();
    AddIds(ids.first(same), group);
    AddAtMost(ids[0].guard, group);
    ids = ids.subspan(same);
  }
}

void AddSource(const std::string& source, pb::Filter& filter) {
  AddField(*filter.mutable_must(), kSourceField).mutable_match()->set_keyword(source);
}

void AddRevisionBelow(int32_t below, pb::Filter& filter) {
  AddField(*filter.mutable_must(), kRevisionField).mutable_range()->set_lt(below);
}

Status AddSearchFilter(const SearchFilter& wanted, pb::Filter& filter) {
  for (const auto& [column, text] : wanted) {
    ASSIGN_OR_RETURN(const std::string path, PathOf(column));
    pb::Filter& any = *filter.add_must()->mutable_filter();
    AddField(*any.mutable_should(), path).mutable_match()->set_keyword(text);
    if (text == "true" || text == "false") {
      AddField(*any.mutable_should(), path).mutable_match()->set_boolean(text == "true");
    }
    AddNumber(text, path, any);
  }
  return OkStatus();
}

}  // namespace drift::qdrant
