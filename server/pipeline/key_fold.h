// The first pass over a window: which change of each key wins, which keys are gone, and whether
// keys are still identities. Nothing is paid before this is known.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "core/ledger.h"
#include "core/source.h"
#include "pipeline/key_spill.h"
#include "pipeline/key_table.h"
#include "pipeline/render.h"

namespace drift {

struct FoldOptions {
  size_t max_memory_bytes = 16 << 20;  // keys beyond it go to disk, or to the next window
  std::string temp_folder = "/tmp";
};

// One thread. Made by Fold(); then constant but for reading spilled keys.
class KeyFold {
 public:
  // Reads the keys of `window`. Codes of the source; kFailedPrecondition DUPLICATE_KEY when two
  // rows of one version have the same key, or a key is inserted again while its row lives: names
  // the key and the count. `ledger` and `target_id` know which keys live. Both must outlive the
  // fold.
  static StatusOr<KeyFold> Fold(Source& source, const Window& window, const RowRenderer& renderer,
                                Ledger& ledger, int64_t target_id, const FoldOptions& options,
                                std::stop_token stop);

  // The window that was folded: it ends earlier than the one asked for when the keys of that one
  // are too many for memory.
  const Window& window() const { return window_; }

  // Whether the row of `key` read at `version` is the newest state of its key in the window.
  bool Wins(std::string_view key, int64_t version) const;

  int64_t upserts() const { return upserts_; }  // keys whose newest change is a new state
  // Whether the second pass has anything to read: new states, or rows without a key.
  bool has_rows() const { return upserts_ > 0 || null_keys_ > 0; }

  // Calls `visit` for each key of a kChanges window whose newest change is a removal.
  using VisitGone = std::function<Status(std::string_view key, int64_t version)>;
  Status ForEachGone(const VisitGone& visit);

  // Of a kSnapshot window: calls `visit` for each live row of the ledger, and each of `staged`,
  // that the snapshot lacks.
  using VisitMissing = std::function<Status(const RowHead& row)>;
  Status ForEachMissing(const std::vector<StagedKey>& staged, const VisitMissing& visit,
                        std::stop_token stop);

 private:
  KeyFold(Window window, Ledger& ledger, int64_t target_id, FoldOptions options)
      : window_(std::move(window)),
        ledger_(&ledger),
        target_id_(target_id),
        options_(std::move(options)) {}

  // Folds window_; sets `cut` instead when it has to end with an earlier version.
  Status ReadAll(Source& source, const RowRenderer& renderer, std::optional<int64_t>& cut,
                 std::stop_token stop);
  Status Take(std::string_view key, int64_t version, bool add);
  Status SpillTable();
  Status CheckIdentities();
  Status CheckTable(KeyTable& table, std::vector<std::string>& plain_inserts);
  Status CheckAbsent(std::span<const std::string> keys) const;
  Status LoadPart(size_t part, KeyTable& table);
  Status ForEachLive(const std::function<Status(const RowHead&)>& visit, std::stop_token stop);
  Status MissingOfPart(KeySpill& live, size_t part, const VisitMissing& visit);
  Status VisitRows(std::span<const std::string> keys, const VisitMissing& visit);
  Status Missing(const RowHead& row, const VisitMissing& visit);

  Window window_;
  Ledger* ledger_;
  int64_t target_id_;
  FoldOptions options_;
  KeyTable table_;                                     // everything, unless spilled
  std::optional<KeySpill> spill_;                      // of a snapshot or a single version
  std::unordered_map<std::string, StagedKey> staged_;  // while ForEachMissing() runs
  int64_t upserts_ = 0;
  int64_t null_keys_ = 0;
  int64_t duplicate_keys_ = 0;
  std::string first_duplicate_;
  int first_duplicate_rows_ = 0;
  int64_t first_duplicate_version_ = 0;
};

}  // namespace drift
