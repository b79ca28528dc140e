// The file of a ledger in SQLite: held by one daemon, opened several times by it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "net/sqlite.h"

namespace drift::ledger {

// Marks a ledger as in use for as long as it lives, and until the process ends in whatever way: a
// lock on the file beside it, PATH.lock, in which the process id stands. Movable.
class SqliteFileLock {
 public:
  // kFailedPrecondition LEDGER_IN_USE: names the process that holds it.
  static StatusOr<SqliteFileLock> Take(const std::string& path);
  SqliteFileLock(SqliteFileLock&& other) noexcept;
  SqliteFileLock& operator=(SqliteFileLock&&) = delete;
  ~SqliteFileLock();

 private:
  explicit SqliteFileLock(int file) : file_(file) {}
  int file_;
};

// The folder is made if it is not there, for its owner alone.
Status MakeParentFolder(const std::string& path);

// Connections that read, made when needed and kept. Safe for concurrent use.
class SqliteReaders {
 public:
  // Holds one for a piece of work. Must not outlive the readers.
  class Lease {
   public:
    Lease(Lease&& other) noexcept : readers_(other.readers_), db_(std::move(other.db_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    SqliteDatabase& operator*() const { return *db_; }
    SqliteDatabase* operator->() const { return db_.get(); }

   private:
    friend class SqliteReaders;
    Lease(SqliteReaders& readers, std::unique_ptr<SqliteDatabase> db)
        : readers_(readers), db_(std::move(db)) {}
    SqliteReaders& readers_;
    std::unique_ptr<SqliteDatabase> db_;
  };

  SqliteReaders(std::string path, SqliteOptions options)
      : path_(std::move(path)), options_(options) {}

  // Waits when kMost are in use.
  StatusOr<Lease> Acquire() EXCLUDES(mu_);
  // One that is not counted, for who keeps it long.
  StatusOr<std::unique_ptr<SqliteDatabase>> Open() const {
    return SqliteDatabase::Open(path_, options_);
  }

  static constexpr size_t kMost = 4;

 private:
  void Release(std::unique_ptr<SqliteDatabase> db) EXCLUDES(mu_);

  const std::string path_;
  const SqliteOptions options_;
  Mutex mu_;
  CondVar freed_;
  std::vector<std::unique_ptr<SqliteDatabase>> idle_ GUARDED_BY(mu_);
  size_t in_use_ GUARDED_BY(mu_) = 0;
};

// The connection that writes. What several threads want to write at the same time becomes one
// transaction, so that they share its flush to the disk. Safe for concurrent use.
class SqliteWriter {
 public:
  // Calls of the same lane never share a transaction; those of kAnyLane may with all others. kAlone
  // shares with nobody.
  static constexpr int64_t kAnyLane = 0;
  static constexpr int64_t kAlone = -1;

  explicit SqliteWriter(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}

  // Runs `work` in a transaction, and `committed` once it is durable and before anybody else
  // writes; both by one of the threads that wait here. `work` may run again when a transaction it
  // shared was lost, and leaves nothing behind when it fails.
  Status Write(int64_t lane, const std::function<Status(SqliteDatabase&)>& work,
               const std::function<void()>& committed) EXCLUDES(mu_);

 private:
  struct Call {
    int64_t lane;
    const std::function<Status(SqliteDatabase&)>& work;
    const std::function<void()>& committed;
    Status status;
    bool done = false;
  };
  std::vector<Call*> TakeGroup() REQUIRES(mu_);
  bool RunGroup(const std::vector<Call*>& group);
  Status RunShared(Call& call);
  void RunAlone(Call& call);

  const std::unique_ptr<SqliteDatabase> db_;  // of the thread that leads
  Mutex mu_;
  CondVar changed_;
  std::vector<Call*> waiting_ GUARDED_BY(mu_);
  bool busy_ GUARDED_BY(mu_) = false;
};

}  // namespace drift::ledger
