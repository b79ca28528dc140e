#include "ledger/provenance.h"

#include <algorithm>
#include <charconv>

#include "core/key.h"

namespace drift::ledger {
namespace {

constexpr char kSeparator = '.';

int64_t LimitOf(const ProvenanceFilter& filter) {
  return std::max(1, filter.limit);
}

bool TakeNumber(std::string_view& text, int64_t& out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec != std::errc() || out < 0) return false;
  text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
  if (text.empty()) return true;
  if (text[0] != kSeparator) return false;
  text.remove_prefix(1);
  return true;
}

// Walks through one kind of records of the targets until the page is full. True: it is.
StatusOr<bool> Fill(const std::vector<Target>& targets, const ProvenanceFilter& filter,
                    bool deleted, const LoadRecords& load, PagePlace& place, ProvenancePage& page) {
  const auto limit = static_cast<size_t>(LimitOf(filter));
  for (const Target& target : targets) {
    if (target.id < place.target_id) continue;
    if (target.id > place.target_id) place = {deleted, target.id, 0, 0};
    for (;;) {
      ASSIGN_OR_RETURN(auto rows, load(target, deleted, place.row, LimitOf(filter)));
      for (StoredRecords& row : rows) {
        const int64_t skip = row.row == place.row ? place.skip : 0;
        for (size_t i = static_cast<size_t>(skip); i < row.records.size(); ++i) {
          if (page.records.size() == limit) {
            place.row = row.row;
            place.skip = static_cast<int64_t>(i);
            return true;
          }
          page.records.push_back(std::move(row.records[i]));
        }
      }
      if (static_cast<int64_t>(rows.size()) < LimitOf(filter)) break;
      place.row = rows.back().row + (deleted ? -1 : 1);
      place.skip = 0;
      if (place.row == 0) break;
    }
  }
  return false;
}

}  // namespace

void AppendRecords(const Target& target, const RowState& row, const CommitInfo& written,
                   const DeletionInfo* deletion, const std::optional<Uuid>& point_id,
                   std::vector<ProvenanceRecord>& out) {
  const auto known = static_cast<int32_t>(row.chunks.size());
  const int32_t chunks = known == 0 && deletion != nullptr ? deletion->points_removed : known;
  // The last ones went, which may be all.
  const int32_t first = deletion == nullptr ? 0 : std::max(0, known - deletion->points_removed);
  for (int32_t chunk = first; chunk < chunks; ++chunk) {
    const Uuid id = PointId(target.key.pipeline, row.key, chunk);
    if (point_id && *point_id != id) continue;
    ProvenanceRecord& record = out.emplace_back();
    record.point_id = id;
    record.pipeline = target.key.pipeline;
    record.source = target.config.table;
    record.key = row.key;
    record.chunk = chunk;
    record.chunks = chunks;
    record.table_version = row.guard.version;
    record.revision = row.guard.revision;
    record.run_id = written.run_id;
    record.model = target.key.model;
    record.dimensions = target.key.dimensions;
    if (chunk < known) record.text = row.chunks[static_cast<size_t>(chunk)];
    record.written_at = written.at;
    if (deletion == nullptr) continue;
    record.deleted = true;
    record.deleted_at = deletion->commit.at;
    record.deleted_run_id = deletion->commit.run_id;
    record.deleted_version = deletion->guard.version;
    record.points_removed = deletion->points_removed;
  }
}

std::string ToToken(const PagePlace& place) {
  return fmt::format("{}.{}.{}.{}", place.deleted ? 1 : 0, place.target_id, place.row, place.skip);
}

StatusOr<PagePlace> PlaceOf(std::string_view token) {
  PagePlace place;
  if (token.empty()) return place;
  int64_t deleted = 0;
  std::string_view rest = token;
  const bool read = TakeNumber(rest, deleted) && TakeNumber(rest, place.target_id) &&
                    TakeNumber(rest, place.row) && TakeNumber(rest, place.skip);
  if (!read || !rest.empty() || deleted > 1) {
    return InvalidArgument("page_token '{}': not one of this ledger", token);
  }
  place.deleted = deleted == 1;
  return place;
}

StatusOr<ProvenancePage> ListPage(const std::vector<Target>& targets,
                                  const ProvenanceFilter& filter, const LoadRecords& load) {
  ASSIGN_OR_RETURN(PagePlace place, PlaceOf(filter.page_token));
  ProvenancePage page;
  bool full = false;
  if (!place.deleted) {
    ASSIGN_OR_RETURN(full, Fill(targets, filter, false, load, place, page));
    if (!full) place = {true, 0, 0, 0};
  }
  if (!full) {
    ASSIGN_OR_RETURN(full, Fill(targets, filter, true, load, place, page));
  }
  if (full) page.next_page_token = ToToken(place);
  return page;
}

StatusOr<ProvenancePage> CutPage(std::vector<ProvenanceRecord> records,
                                 const ProvenanceFilter& filter) {
  ASSIGN_OR_RETURN(const PagePlace place, PlaceOf(filter.page_token));
  std::stable_partition(records.begin(), records.end(),
                        [](const ProvenanceRecord& record) { return !record.deleted; });
  ProvenancePage page;
  const size_t from = std::min(records.size(), static_cast<size_t>(place.skip));
  const size_t to = std::min(records.size(), from + static_cast<size_t>(LimitOf(filter)));
  for (size_t i = from; i < to; ++i) page.records.push_back(std::move(records[i]));
  if (to < records.size()) page.next_page_token = ToToken({.skip = static_cast<int64_t>(to)});
  return page;
}

}  // namespace drift::ledger
