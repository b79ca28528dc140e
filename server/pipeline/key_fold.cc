#include "pipeline/key_fold.h"

#include <algorithm>

#include "core/reasons.h"

namespace drift {
namespace {

constexpr size_t kLookUp = 2048;  // keys per look-up
constexpr uint8_t kRemove = 0;
constexpr uint8_t kAdd = 1;

bool IsAdd(ChangeType type) {
  return type == ChangeType::kInsert || type == ChangeType::kUpdatePostimage;
}

Status DuplicateKey(std::string_view key, int rows, int64_t version, int64_t keys) {
  std::string message = fmt::format("{} rows have the key {} at version {}", rows, key, version);
  if (keys > 1) message += fmt::format(", and {} more keys are not unique", keys - 1);
  return WithReason(FailedPrecondition("{}; a key must name one row", message),
                    reason::kDuplicateKey);
}

}  // namespace

StatusOr<KeyFold> KeyFold::Fold(Source& source, const Window& window, const RowRenderer& renderer,
                                Ledger& ledger, int64_t target_id, const FoldOptions& options,
                                std::stop_token stop) {
  KeyFold fold(window, ledger, target_id, options);
  std::optional<int64_t> cut;
  RETURN_IF_ERROR(fold.ReadAll(source, renderer, cut, stop));
  while (cut) {
    ASSIGN_OR_RETURN(Window shorter, source.Cut(fold.window_, *cut, stop));
    fold = KeyFold(std::move(shorter), ledger, target_id, options);
    cut.reset();
    RETURN_IF_ERROR(fold.ReadAll(source, renderer, cut, stop));
  }
  RETURN_IF_ERROR(fold.CheckIdentities());
  return fold;
}

Status KeyFold::ReadAll(Source& source, const RowRenderer& renderer, std::optional<int64_t>& cut,
                        std::stop_token stop) {
  ASSIGN_OR_RETURN(auto stream, source.ReadKeys(window_, stop));
  const bool one_version =
      window_.kind == Window::Kind::kSnapshot || window_.first_version == window_.last_version;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<KeyEvent> events, stream->Next(stop));
    if (events.empty()) return spill_ ? spill_->Seal() : OkStatus();
    for (const KeyEvent& event : events) {
      bool null_key = false;
      const std::string key = renderer.Key(event.key, null_key);
      if (null_key) {  // no identity: a dead letter in the second pass
        ++null_keys_;
        continue;
      }
      RETURN_IF_ERROR(Take(key, event.version, IsAdd(event.type)));
      if (spill_ || table_.Bytes() <= options_.max_memory_bytes) continue;
      if (!one_version) {
        // Only whole versions can be applied: end before this one, or with it if it is the first.
        cut = std::max(window_.first_version, event.version - 1);
        return OkStatus();
      }
      RETURN_IF_ERROR(SpillTable());
    }
  }
}

Status KeyFold::Take(std::string_view key, int64_t version, bool add) {
  if (spill_) return spill_->Add(key, FastHash64(key), add ? kAdd : kRemove);
  table_[key].Apply(version, add);
  return OkStatus();
}

Status KeyFold::SpillTable() {
  ASSIGN_OR_RETURN(KeySpill made, KeySpill::Make(options_.temp_folder));
  spill_.emplace(std::move(made));
  Status status = OkStatus();
  table_.ForEach([&](std::string_view key, const KeyChange& change) {
    for (int i = 0; i < change.adds + change.removes && status.ok(); ++i) {
      status = spill_->Add(key, FastHash64(key), i < change.adds ? kAdd : kRemove);
    }
  });
  table_.Clear();
  return status;
}

Status KeyFold::LoadPart(size_t part, KeyTable& table) {
  table.Clear();
  RETURN_IF_ERROR(spill_->Read(part, [&](std::string_view key, uint8_t tag) {
    table[key].Apply(window_.last_version, tag == kAdd);
  }));
  table.CloseAll();
  return OkStatus();
}

Status KeyFold::CheckIdentities() {
  std::vector<std::string> plain_inserts;
  if (!spill_) {
    table_.CloseAll();
    RETURN_IF_ERROR(CheckTable(table_, plain_inserts));
  } else {
    KeyTable table;
    for (size_t part = 0; part < KeySpill::kParts; ++part) {
      RETURN_IF_ERROR(LoadPart(part, table));
      RETURN_IF_ERROR(CheckTable(table, plain_inserts));
    }
  }
  RETURN_IF_ERROR(CheckAbsent(plain_inserts));
  if (duplicate_keys_ == 0) return OkStatus();
  return DuplicateKey(first_duplicate_, first_duplicate_rows_, first_duplicate_version_,
                      duplicate_keys_);
}

Status KeyFold::CheckTable(KeyTable& table, std::vector<std::string>& plain_inserts) {
  Status status = OkStatus();
  table.ForEach([&](std::string_view key, const KeyChange& change) {
    if (change.IsUpsert()) ++upserts_;
    if (change.duplicates > 0 && duplicate_keys_++ == 0) {
      first_duplicate_ = key;
      first_duplicate_rows_ = change.duplicates;
      first_duplicate_version_ = change.version;
    }
    if (window_.kind == Window::Kind::kSnapshot || !change.needs_absent || !status.ok()) return;
    plain_inserts.emplace_back(key);
    if (plain_inserts.size() < kLookUp) return;
    status = CheckAbsent(plain_inserts);
    plain_inserts.clear();
  });
  return status;
}

Status KeyFold::CheckAbsent(std::span<const std::string> keys) const {
  if (keys.empty() || target_id_ == kNoTarget) return OkStatus();
  ASSIGN_OR_RETURN(const std::vector<RowState> rows, ledger_->LoadRows(target_id_, keys));
  for (const RowState& row : rows) {
    // A state of this window was committed before a crash; it says nothing about before.
    if (row.guard.version >= window_.first_version) continue;
    constexpr int kTwoRows = 2;
    return DuplicateKey(row.key, kTwoRows, window_.last_version, 1);
  }
  return OkStatus();
}

bool KeyFold::Wins(std::string_view key, int64_t version) const {
  if (spill_) return true;  // a single version: each new state in it is the newest
  const KeyChange* change = table_.Find(key);
  return change != nullptr && change->version == version && change->IsUpsert();
}

Status KeyFold::ForEachGone(const VisitGone& visit) {
  Status status = OkStatus();
  const auto visit_table = [&](const KeyTable& table) {
    table.ForEach([&](std::string_view key, const KeyChange& change) {
      if (status.ok() && !change.IsUpsert()) status = visit(key, change.version);
    });
    return status;
  };
  if (!spill_) return visit_table(table_);
  KeyTable table;
  for (size_t part = 0; part < KeySpill::kParts; ++part) {
    RETURN_IF_ERROR(LoadPart(part, table));
    RETURN_IF_ERROR(visit_table(table));
  }
  return status;
}

Status KeyFold::ForEachLive(const std::function<Status(const RowHead&)>& visit,
                            std::stop_token stop) {
  if (target_id_ == kNoTarget) return OkStatus();
  std::string after;
  for (;;) {
    if (stop.stop_requested()) return Cancelled("stopped");
    ASSIGN_OR_RETURN(const std::vector<RowHead> page,
                     ledger_->ScanRows(target_id_, after, kLookUp));
    for (const RowHead& row : page) RETURN_IF_ERROR(visit(row));
    if (page.size() < kLookUp) return OkStatus();
    after = page.back().key;
  }
}

Status KeyFold::Missing(const RowHead& row, const VisitMissing& visit) {
  RowHead gone = row;
  if (const auto staged = staged_.find(row.key); staged != staged_.end()) {
    gone.chunks = std::max(gone.chunks, staged->second.chunks);
    staged_.erase(staged);
  }
  return visit(gone);
}

Status KeyFold::ForEachMissing(const std::vector<StagedKey>& staged, const VisitMissing& visit,
                               std::stop_token stop) {
  for (const StagedKey& key : staged) staged_.emplace(key.key, key);
  if (!spill_) {
    RETURN_IF_ERROR(ForEachLive(
        [&](const RowHead& row) {
          return table_.Find(row.key) == nullptr ? Missing(row, visit) : OkStatus();
        },
        stop));
    for (const StagedKey& key : staged) {
      if (table_.Find(key.key) != nullptr) staged_.erase(key.key);
    }
  } else {
    ASSIGN_OR_RETURN(KeySpill live, KeySpill::Make(options_.temp_folder));
    RETURN_IF_ERROR(ForEachLive(
        [&](const RowHead& row) { return live.Add(row.key, FastHash64(row.key), kAdd); }, stop));
    RETURN_IF_ERROR(live.Seal());
    for (size_t part = 0; part < KeySpill::kParts; ++part) {
      if (stop.stop_requested()) return Cancelled("stopped");
      RETURN_IF_ERROR(MissingOfPart(live, part, visit));
    }
  }
  // What is left was staged but never committed: its points may be in the sink.
  for (const auto& [key, state] : staged_) {
    RETURN_IF_ERROR(visit(RowHead{key, state.chunks, state.guard}));
  }
  staged_.clear();
  return OkStatus();
}

Status KeyFold::MissingOfPart(KeySpill& live, size_t part, const VisitMissing& visit) {
  KeyTable table;
  RETURN_IF_ERROR(LoadPart(part, table));
  std::vector<std::string> keys;
  RETURN_IF_ERROR(live.Read(part, [&](std::string_view key, uint8_t) {
    if (table.Find(key) == nullptr) keys.emplace_back(key);
  }));
  table.ForEach([&](std::string_view key, const KeyChange&) { staged_.erase(std::string(key)); });
  for (size_t i = 0; i < keys.size(); i += kLookUp) {
    RETURN_IF_ERROR(
        VisitRows(std::span(keys).subspan(i, std::min(kLookUp, keys.size() - i)), visit));
  }
  return OkStatus();
}

Status KeyFold::VisitRows(std::span<const std::string> keys, const VisitMissing& visit) {
  ASSIGN_OR_RETURN(const std::vector<RowState> rows, ledger_->LoadRows(target_id_, keys));
  for (const RowState& row : rows) {
    RETURN_IF_ERROR(
        Missing(RowHead{row.key, static_cast<int32_t>(row.chunks.size()), row.guard}, visit));
  }
  return OkStatus();
}

}  // namespace drift
