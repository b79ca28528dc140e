#include <sqlite3.h>
#include <unistd.h>

#include "base/time_text.h"
#include "tests/bench/sink_bare.h"

namespace drift::bench {
namespace {

class Sqlite final : public BareLoader {
 public:
  explicit Sqlite(std::string path) : path_(std::move(path)) {}
  ~Sqlite() override { Close(); }

  void Create(int32_t) override {
    Remove();
    if (sqlite3_open(path_.c_str(), &db_) != SQLITE_OK) Fail("sqlite3_open");
    Run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE docs (id BLOB PRIMARY KEY, embedding BLOB, key TEXT, chunk INTEGER, "
        "source TEXT, source_version INTEGER, revision INTEGER, run_id TEXT, model TEXT, "
        "text_sha256 TEXT, embedded_at TEXT, payload TEXT, text TEXT)");
    sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO docs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", -1,
                       &insert_, nullptr);
  }

  void Insert(std::span<const Point> points) override {
    Run("BEGIN");
    for (const Point& point : points) Row(point);
    Run("COMMIT");
  }
  void Update(std::span<const Point> points) override { Insert(points); }

  void Remove() override {
    Close();
    for (const char* part : {"", "-wal", "-shm"}) unlink((path_ + part).c_str());
  }

 private:
  void Row(const Point& point) {
    const auto text = [this](int index, const std::string& value) {
      sqlite3_bind_text(insert_, index, value.data(), static_cast<int>(value.size()),
                        SQLITE_TRANSIENT);
    };
    const auto values = point.vector.values();
    sqlite3_bind_blob(insert_, 1, point.id.bytes.data(), 16, SQLITE_STATIC);
    sqlite3_bind_blob(insert_, 2, values.data(), static_cast<int>(values.size_bytes()),
                      SQLITE_STATIC);
    text(3, point.key);
    sqlite3_bind_int(insert_, 4, point.chunk);
    text(5, "docs");
    sqlite3_bind_int64(insert_, 6, point.guard.version);
    sqlite3_bind_int(insert_, 7, point.guard.revision);
    text(8, point.run_id);
    text(9, point.model);
    text(10, Digest(point));
    text(11, FormatTime(point.embedded_at));
    text(12, PayloadJson(point.payload));
    text(13, *point.text);
    if (sqlite3_step(insert_) != SQLITE_DONE) Fail(sqlite3_errmsg(db_));
    sqlite3_reset(insert_);
  }
  void Run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) Fail(sqlite3_errmsg(db_));
  }
  void Close() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
    insert_ = nullptr;
    db_ = nullptr;
  }

  const std::string path_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

}  // namespace

std::unique_ptr<BareLoader> BareSqlite(const std::string& path) {
  return std::make_unique<Sqlite>(path);
}

}  // namespace drift::bench
