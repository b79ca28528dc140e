#include "tests/fakes/fake_source.h"

#include <algorithm>
#include <charconv>

#include "core/reasons.h"

namespace drift::testing {
namespace {

// "table id:version" or, in the middle of a snapshot, "table id:version:rows done".
struct Position {
  int id = 0;
  int64_t version = 0;
  int64_t done = -1;
};

Cursor ToCursor(const Position& at) {
  std::string token = fmt::format("{}:{}", at.id, at.version);
  if (at.done >= 0) token += fmt::format(":{}", at.done);
  return {token};
}

Position FromCursor(const Cursor& cursor) {
  Position at;
  const char* end = cursor.token.data() + cursor.token.size();
  auto parsed = std::from_chars(cursor.token.data(), end, at.id);
  parsed = std::from_chars(parsed.ptr + 1, end, at.version);
  if (parsed.ptr != end) std::from_chars(parsed.ptr + 1, end, at.done);
  return at;
}

template <typename T, typename Stream>
class ListStream : public Stream {
 public:
  ListStream(std::vector<T> items, size_t per_batch) : items_(std::move(items)), size_(per_batch) {}

 protected:
  std::vector<T> Take() {
    const size_t count = std::min(size_, items_.size() - at_);
    std::vector<T> out(items_.begin() + static_cast<std::ptrdiff_t>(at_),
                       items_.begin() + static_cast<std::ptrdiff_t>(at_ + count));
    at_ += count;
    return out;
  }
  std::vector<T> items_;
  size_t size_;
  size_t at_ = 0;
};

class FakeKeys final : public ListStream<KeyEvent, KeyStream> {
 public:
  using ListStream::ListStream;
  StatusOr<std::vector<KeyEvent>> Next(std::stop_token stop) override {
    if (stop.stop_requested()) return Cancelled("stopped");
    return Take();
  }
};

class FakeRows final : public ListStream<SourceRow, RowStream> {
 public:
  using ListStream::ListStream;
  std::optional<Position> snapshot;  // where the stream began
  std::function<Status()> hook;
  std::atomic<int64_t>* read = nullptr;

  StatusOr<std::optional<RowBatch>> Next(std::stop_token stop) override {
    if (stop.stop_requested()) return Cancelled("stopped");
    if (hook) RETURN_IF_ERROR(hook());
    RowBatch batch;
    batch.rows = Take();
    if (batch.rows.empty()) return std::optional<RowBatch>();
    *read += static_cast<int64_t>(batch.rows.size());
    if (snapshot) {
      Position next = *snapshot;
      next.done = std::max<int64_t>(0, next.done) + static_cast<int64_t>(at_);
      batch.resume = ToCursor(next);
    }
    return std::optional<RowBatch>(std::move(batch));
  }
};

}  // namespace

int64_t FakeTable::Commit(const std::vector<Event>& events) {
  MutexLock lock(mu_);
  Version next;
  next.events = events;
  if (!versions_.empty()) next.rows = versions_.back().rows;
  for (const Event& event : events) {
    const bool adds =
        event.type == ChangeType::kInsert || event.type == ChangeType::kUpdatePostimage;
    if (adds) {
      next.rows.push_back(event.row);
      continue;
    }
    const auto gone = std::find_if(next.rows.begin(), next.rows.end(),
                                   [&](const auto& row) { return row[0] == event.row[0]; });
    if (gone != next.rows.end()) next.rows.erase(gone);
  }
  versions_.push_back(std::move(next));
  return static_cast<int64_t>(versions_.size()) - 1;
}

int64_t FakeTable::Insert(const Rows& rows) {
  std::vector<Event> events;
  for (const auto& row : rows) events.push_back({ChangeType::kInsert, row});
  return Commit(events);
}

int64_t FakeTable::Update(const Rows& changed) {
  std::vector<Event> events;
  for (const auto& row : changed) {
    for (const auto& old : rows()) {
      if (old[0] == row[0]) events.push_back({ChangeType::kUpdatePreimage, old});
    }
    events.push_back({ChangeType::kUpdatePostimage, row});
  }
  return Commit(events);
}

int64_t FakeTable::Delete(const std::vector<Value>& keys) {
  std::vector<Event> events;
  for (const auto& row : rows()) {
    if (std::find(keys.begin(), keys.end(), row[0]) != keys.end()) {
      events.push_back({ChangeType::kDelete, row});
    }
  }
  return Commit(events);
}

int64_t FakeTable::Overwrite(const Rows& rows_now) {
  std::vector<Event> events;
  for (const auto& row : rows()) events.push_back({ChangeType::kDelete, row});
  for (const auto& row : rows_now) events.push_back({ChangeType::kInsert, row});
  return Commit(events);
}

void FakeTable::DropHistoryBefore(int64_t version) {
  MutexLock lock(mu_);
  first_kept_ = version;
}

void FakeTable::SetChangeFeed(bool on) {
  MutexLock lock(mu_);
  feed_ = on;
}

void FakeTable::Recreate(const Rows& rows) {
  {
    MutexLock lock(mu_);
    versions_.clear();
    first_kept_ = 0;
    ++id_;
  }
  Insert(rows);
}

FakeTable::Rows FakeTable::rows() const {
  MutexLock lock(mu_);
  return versions_.empty() ? Rows{} : versions_.back().rows;
}

int64_t FakeTable::version() const {
  MutexLock lock(mu_);
  return static_cast<int64_t>(versions_.size()) - 1;
}

StatusOr<SourceInfo> FakeSource::Check(std::stop_token) {
  MutexLock lock(table_.mu_);
  SourceInfo info;
  info.table_id = std::to_string(table_.id_);
  info.version = static_cast<int64_t>(table_.versions_.size()) - 1;
  info.has_change_feed = table_.feed_;
  info.columns = table_.columns_;
  info.column_types.assign(table_.columns_.size(), "string");
  return info;
}

StatusOr<Lag> FakeSource::Behind(const Cursor& from, std::stop_token) {
  const Position at = FromCursor(from);
  MutexLock lock(table_.mu_);
  Lag lag;
  lag.latest_version = static_cast<int64_t>(table_.versions_.size()) - 1;
  lag.versions = at.done >= 0 ? 1 : lag.latest_version - at.version;
  return lag;
}

StatusOr<Window> FakeSource::Snapshot(const std::optional<Cursor>& from, std::stop_token) {
  MutexLock lock(table_.mu_);
  Window window;
  window.last_version = static_cast<int64_t>(table_.versions_.size()) - 1;
  if (from) {
    const Position at = FromCursor(*from);
    window.restarts_versions = at.id != table_.id_ || at.version > window.last_version;
    if (at.done >= 0 && !window.restarts_versions) {
      window.last_version = at.version;
      window.resumed = at.done > 0;
      window.state = std::to_string(at.done);
    }
  }
  window.first_version = window.last_version;
  window.next = ToCursor({table_.id_, window.last_version});
  return window;
}

StatusOr<std::optional<Window>> FakeSource::Next(const Cursor& from, const WindowLimits& limits,
                                                 std::stop_token stop) {
  const Position at = FromCursor(from);
  {
    MutexLock lock(table_.mu_);
    const int64_t latest = static_cast<int64_t>(table_.versions_.size()) - 1;
    if (at.id != table_.id_) {
      return WithReason(FailedPrecondition("the table was created anew"), reason::kTableRecreated);
    }
    if (at.done < 0 && at.version >= latest) return std::optional<Window>();
    if (at.done < 0 && table_.feed_) {
      if (at.version + 1 < table_.first_kept_) {
        return WithReason(OutOfRange("versions {}–{} are gone from the feed", at.version + 1,
                                     table_.first_kept_ - 1),
                          reason::kHistoryGone);
      }
      Window window;
      window.kind = Window::Kind::kChanges;
      window.first_version = at.version + 1;
      window.last_version = std::min(latest, at.version + limits.max_versions);
      window.next = ToCursor({table_.id_, window.last_version});
      return std::optional<Window>(std::move(window));
    }
  }
  ASSIGN_OR_RETURN(Window window, Snapshot(from, stop));
  return std::optional<Window>(std::move(window));
}

StatusOr<Cursor> FakeSource::StartAt(int64_t version, std::stop_token) {
  MutexLock lock(table_.mu_);
  if (version > static_cast<int64_t>(table_.versions_.size())) {
    return InvalidArgument("version {} is not there yet", version);
  }
  return ToCursor({table_.id_, version - 1});
}

StatusOr<Window> FakeSource::Cut(const Window& window, int64_t version, std::stop_token) {
  Window out = window;
  out.last_version = version;
  MutexLock lock(table_.mu_);
  out.next = ToCursor({table_.id_, version});
  return out;
}

StatusOr<Window> FakeSource::SnapshotAt(const Cursor& from, std::stop_token) {
  Window window;
  window.first_version = window.last_version = FromCursor(from).version;
  window.next = from;
  return window;
}

Row FakeSource::Project(const std::vector<Value>& row,
                        const std::vector<std::string>& columns) const {
  Row out;
  for (const std::string& column : columns) {
    const auto at = std::find(table_.columns_.begin(), table_.columns_.end(), column);
    out.push_back(row[static_cast<size_t>(at - table_.columns_.begin())]);
  }
  return out;
}

StatusOr<std::unique_ptr<KeyStream>> FakeSource::ReadKeys(const Window& window, std::stop_token) {
  ++key_passes_;
  std::vector<KeyEvent> events;
  MutexLock lock(table_.mu_);
  if (window.kind == Window::Kind::kSnapshot) {
    for (const auto& row : table_.versions_[static_cast<size_t>(window.last_version)].rows) {
      events.push_back(
          {Project(row, projection_.key_columns), window.last_version, ChangeType::kInsert});
    }
  } else {
    for (int64_t v = window.first_version; v <= window.last_version; ++v) {
      for (const auto& event : table_.versions_[static_cast<size_t>(v)].events) {
        events.push_back({Project(event.row, projection_.key_columns), v, event.type});
      }
    }
  }
  return std::make_unique<FakeKeys>(std::move(events), batch_rows_);
}

StatusOr<std::unique_ptr<RowStream>> FakeSource::ReadRows(const Window& window, std::stop_token) {
  std::vector<std::string> columns = projection_.key_columns;
  columns.insert(columns.end(), projection_.columns.begin(), projection_.columns.end());
  std::vector<SourceRow> rows;
  std::optional<Position> snapshot;
  {
    MutexLock lock(table_.mu_);
    if (window.kind == Window::Kind::kSnapshot) {
      snapshot = Position{table_.id_, window.last_version, 0};
      if (!window.state.empty()) snapshot->done = std::stoll(window.state);
      const auto& all = table_.versions_[static_cast<size_t>(window.last_version)].rows;
      for (size_t i = static_cast<size_t>(snapshot->done); i < all.size(); ++i) {
        rows.push_back({Project(all[i], columns), window.last_version});
      }
    } else {
      for (int64_t v = window.first_version; v <= window.last_version; ++v) {
        for (const auto& event : table_.versions_[static_cast<size_t>(v)].events) {
          if (event.type != ChangeType::kInsert && event.type != ChangeType::kUpdatePostimage) {
            continue;
          }
          rows.push_back({Project(event.row, columns), v});
        }
      }
    }
  }
  auto stream = std::make_unique<FakeRows>(std::move(rows), batch_rows_);
  stream->snapshot = snapshot;
  stream->hook = on_rows_;
  stream->read = &rows_read_;
  return stream;
}

}  // namespace drift::testing
