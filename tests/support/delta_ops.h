// Delta tables made and changed by deltalake, another writer than ours (tests/support/delta_ops.py,
// which lists the commands).
//
//   DeltaOps& ops = DeltaOps::Shared();
//   ops.Must(R"("op":"create","columns":{"id":"long","body":"string"},"rows":[[1,"a"]])", table);
//   EXPECT_EQ(ops.Must(R"("op":"delete","where":"id = 1")", table), 1);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "tests/support/process.h"

namespace drift::testing {

// One thread at a time.
class DeltaOps {
 public:
  static StatusOr<std::unique_ptr<DeltaOps>> Start();
  // One Python for the whole test program; aborts it with the reason when there is none.
  static DeltaOps& Shared();
  ~DeltaOps();

  // `members`: of the command's JSON object, without "table". Returns the answer, JSON text.
  // kInternal: deltalake refused; its words.
  StatusOr<std::string> Run(std::string_view members, const std::string& table);

  // The table's version after a command that must succeed; else aborts with the reason.
  int64_t Must(std::string_view members, const std::string& table);

 private:
  DeltaOps(std::unique_ptr<Process> process, int socket)
      : process_(std::move(process)), socket_(socket) {}
  StatusOr<std::string> ReadLine();

  std::unique_ptr<Process> process_;
  int socket_;
  std::string unread_;
};

}  // namespace drift::testing
