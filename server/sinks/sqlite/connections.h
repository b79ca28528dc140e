// The connections of one sink to its file.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "net/sqlite.h"

namespace drift::sqlite {

// Safe for concurrent use. Any number of readers and one writer at a time; a call that is stopped
// while it waits, or while its statement runs, gets kCancelled. A file that was replaced or removed
// is noticed by the next Acquire.
class Connections {
 public:
  enum class Kind : uint8_t { kRead, kWrite };

  // A connection for one piece of work. Must not outlive the Connections.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    SqliteDatabase& operator*() const { return *db_; }
    SqliteDatabase* operator->() const { return db_.get(); }

   private:
    friend class Connections;
    Lease(Connections& owner, Kind kind, std::unique_ptr<SqliteDatabase> db, std::stop_token stop);

    Connections* owner_;
    Kind kind_;
    std::unique_ptr<SqliteDatabase> db_;
    std::unique_ptr<SqliteStop> stop_;
  };

  explicit Connections(std::string path) : path_(std::move(path)) {}

  // kNotFound: there is no such file.
  StatusOr<Lease> Acquire(Kind kind, std::stop_token stop) EXCLUDES(mu_);

  // Makes the file and its folder if they are not there. `page_bytes`: of a file that is new; a
  // power of two.
  Status Create(int page_bytes);

 private:
  struct FileId {
    dev_t device;
    ino_t inode;
    bool operator==(const FileId&) const = default;
  };
  std::optional<FileId> Identify() const;
  StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::stop_token& stop) EXCLUDES(mu_);
  void Release(Kind kind, std::unique_ptr<SqliteDatabase> db) EXCLUDES(mu_);

  const std::string path_;
  Mutex mu_;
  CondVar freed_;
  std::vector<std::unique_ptr<SqliteDatabase>> idle_ GUARDED_BY(mu_);
  std::optional<FileId> file_ GUARDED_BY(mu_);  // that the connections belong to
  bool writing_ GUARDED_BY(mu_) = false;
};

}  // namespace drift::sqlite
