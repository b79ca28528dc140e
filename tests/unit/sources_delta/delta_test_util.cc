#include "tests/unit/sources_delta/delta_test_util.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/json_text.h"
#include "base/text_file.h"
#include "core/key.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

constexpr char kPacked[] = "tests/data/delta/spark.tar.zst";

std::string Normal(const std::string& json) {
  return Value(JsonDocument::Parse(json)).root().Dump();
}

}  // namespace

std::string_view Word(ChangeType type) {
  switch (type) {
    case ChangeType::kInsert:
      return "insert";
    case ChangeType::kUpdatePreimage:
      return "update_preimage";
    case ChangeType::kUpdatePostimage:
      return "update_postimage";
    case ChangeType::kDelete:
      break;
  }
  return "delete";
}

std::string RowJson(const Projection& projection, const Row& cells) {
  std::vector<std::string> names = projection.key_columns;
  names.insert(names.end(), projection.columns.begin(), projection.columns.end());
  Payload payload;
  for (size_t i = 0; i < cells.size(); ++i) payload.emplace_back(names[i], cells[i]);
  return Normal(PayloadJson(payload));
}

StatusOr<Events> ReadEvents(Source& source, const Window& window) {
  ASSIGN_OR_RETURN(const auto stream, source.ReadKeys(window, {}));
  Events events;
  int64_t last = -1;
  for (;;) {
    ASSIGN_OR_RETURN(const auto batch, stream->Next({}));
    if (batch.empty()) break;
    for (const KeyEvent& event : batch) {
      if (event.version < last) return Internal("version {} after {}", event.version, last);
      last = event.version;
      events.push_back(
          fmt::format("{} {} {}", event.version, Word(event.type), CanonicalKey(event.key)));
    }
  }
  std::sort(events.begin(), events.end());
  return events;
}

StatusOr<std::vector<RowBatch>> ReadBatches(Source& source, const Window& window) {
  ASSIGN_OR_RETURN(const auto stream, source.ReadRows(window, {}));
  std::vector<RowBatch> batches;
  for (;;) {
    ASSIGN_OR_RETURN(auto batch, stream->Next({}));
    if (!batch) return batches;
    batches.push_back(*std::move(batch));
  }
}

StatusOr<Rows> ReadRowTexts(Source& source, const Projection& projection, const Window& window) {
  ASSIGN_OR_RETURN(const auto batches, ReadBatches(source, window));
  Rows rows;
  int64_t last = -1;
  for (const RowBatch& batch : batches) {
    for (const SourceRow& row : batch.rows) {
      if (row.version < last) return Internal("version {} after {}", row.version, last);
      last = row.version;
      rows.push_back(fmt::format("{} {}", row.version, RowJson(projection, row.cells)));
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// The newest change of a key decides: of one version, a new state wins over the delete that came
// with it.
Status Replica::Apply(const Window& window) {
  std::map<std::string, std::pair<int64_t, bool>> newest;  // key → version, there is a new state
  ASSIGN_OR_RETURN(const auto keys, source_.ReadKeys(window, {}));
  for (;;) {
    ASSIGN_OR_RETURN(const auto events, keys->Next({}));
    if (events.empty()) break;
    for (const KeyEvent& event : events) {
      const bool is_state =
          event.type == ChangeType::kInsert || event.type == ChangeType::kUpdatePostimage;
      auto& state = newest[CanonicalKey(event.key)];
      if (event.version > state.first) state = {event.version, is_state};
      state.second = state.second || is_state;
    }
  }
  if (window.kind == Window::Kind::kSnapshot) {
    std::erase_if(rows_, [&](const auto& row) { return !newest.contains(row.first); });
  }
  for (const auto& [key, state] : newest) {
    if (!state.second) rows_.erase(key);
  }
  ASSIGN_OR_RETURN(const auto batches, ReadBatches(source_, window));
  for (const RowBatch& batch : batches) {
    for (const SourceRow& row : batch.rows) {
      const std::span<const drift::Value> cells = row.cells;
      const std::string key = CanonicalKey(cells.first(projection_.key_columns.size()));
      const auto state = newest.find(key);
      if (state == newest.end()) return Internal("{} is in the second pass only", key);
      if (state->second == std::make_pair(row.version, true)) {
        rows_[key] = RowJson(projection_, row.cells);
      }
    }
  }
  return OkStatus();
}

std::vector<std::string> Replica::Sorted() const {
  std::vector<std::string> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

StatusOr<Cursor> CatchUp(Source& source, Replica& replica, Cursor from,
                         const WindowLimits& limits) {
  for (;;) {
    ASSIGN_OR_RETURN(const auto window, source.Next(from, limits, {}));
    if (!window) return from;
    RETURN_IF_ERROR(replica.Apply(*window));
    from = window->next;
  }
}

const std::string& SparkTables() {
  static const TempDir folder;
  static const bool unpacked = [] {
    const std::string command = fmt::format("tar --zstd -xf {} -C {}", kPacked, folder.path());
    return std::system(command.c_str()) == 0;
  }();
  if (!unpacked) {
    std::fprintf(stderr, "unpacking %s\n", kPacked);
    std::abort();
  }
  return folder.path();
}

std::string CopyTable(const std::string& name, const std::string& to) {
  // Times too: without in-commit timestamps a commit's time is its file's.
  const std::string command = fmt::format("cp -a '{}/{}' '{}'", SparkTables(), name, to);
  if (std::system(command.c_str()) != 0) std::abort();
  return to;
}

SparkAnswers::SparkAnswers(const std::string& name)
    : document(Value(JsonDocument::Parse(
          Value(ReadTextFile(fmt::format("{}/{}.expected.json", SparkTables(), name)))))) {
  const JsonView keys = Value(root().Get("key"));
  for (size_t i = 0; i < keys.size(); ++i) key.emplace_back(Value(keys[i].String()));
  latest = Value(root().GetInt("latest"));
  const JsonView list = Value(root().Get("columns"));
  for (size_t i = 0; i < list.size(); ++i) columns.emplace_back(Value(list[i][0].String()));
}

Projection WholeProjection(const SparkAnswers& answers) {
  Projection projection{answers.key, {}};
  for (const std::string& column : answers.columns) {
    if (std::find(answers.key.begin(), answers.key.end(), column) == answers.key.end()) {
      projection.columns.push_back(column);
    }
  }
  return projection;
}

std::unique_ptr<Source> Open(const std::string& table, const Projection& projection,
                             delta::ReadLimits limits) {
  return Value(delta::OpenDelta({.table = table, .read = limits}, projection));
}

::testing::AssertionResult Same(const std::vector<std::string>& actual,
                                const std::vector<std::string>& expected) {
  if (actual == expected) return ::testing::AssertionSuccess();
  const auto [a, e] = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  const std::string got = a == actual.end() ? "(the end)" : *a;
  const std::string wanted = e == expected.end() ? "(the end)" : *e;
  const size_t at =
      std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end()).first - got.begin();
  const size_t from = at < 40 ? 0 : at - 40;
  return ::testing::AssertionFailure()
         << actual.size() << " against " << expected.size() << " items; number "
         << a - actual.begin() << " differs at byte " << at << "\n  got    ..."
         << got.substr(std::min(from, got.size()), 160) << "\n  wanted ..."
         << wanted.substr(std::min(from, wanted.size()), 160);
}

::testing::AssertionResult Fails(const Status& status, StatusCode code, std::string_view reason,
                                 std::string_view text) {
  if (status.code() == code && Reason(status) == reason &&
      Message(status).find(text) != std::string_view::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << CodeName(status.code()) << " " << Reason(status) << ": " << Message(status)
         << "\nwanted " << CodeName(code) << " " << reason << ": ..." << text << "...";
}

}  // namespace drift::testing
