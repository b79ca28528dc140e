// Arrow batches on their way in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "native/delta/drift_delta.h"
#include "sources/delta/arrow_abi.h"
#include "sources/delta/arrow_type.h"
#include "sources/delta/cancel_scope.h"

namespace drift::delta {

struct KernelBatch {
  OwnedArray rows;         // a struct with the columns asked for
  int64_t files_done = 0;  // scans: files of the version read to their end, this batch included
};

// One thread at a time. Movable.
class KernelStream {
 public:
  // Takes the stream and the cancel it was opened with. `table` is for messages.
  static StatusOr<KernelStream> Make(std::string table, dk_stream* stream, CancelHandle cancel);

  // A struct whose children are the columns in the order they were asked for.
  const ArrowType& type() const { return type_; }

  // nullopt: the end. After an error, also a cancelled call's, the stream is dead.
  StatusOr<std::optional<KernelBatch>> Next(std::stop_token stop);

 private:
  struct Closer {
    void operator()(dk_stream* stream) const { dk_stream_close(stream); }
  };
  KernelStream() = default;

  std::string table_;
  CancelHandle cancel_;
  std::unique_ptr<dk_stream, Closer> stream_;
  ArrowType type_;
};

}  // namespace drift::delta
