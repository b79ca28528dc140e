#include "sources/delta/kernel_stream.h"

#include <utility>

#include "sources/delta/kernel_error.h"

namespace drift::delta {

StatusOr<KernelStream> KernelStream::Make(std::string table, dk_stream* stream,
                                          CancelHandle cancel) {
  KernelStream made;
  made.table_ = std::move(table);
  made.cancel_ = std::move(cancel);
  made.stream_.reset(stream);
  OwnedSchema schema;
  KernelError error;
  if (dk_stream_schema(stream, schema.out(), error.out()) != DK_OK) {
    return error.ToStatus(made.table_);
  }
  StatusOr<ArrowType> type = ParseArrowType(schema.get());
  if (!type.ok()) return Annotate(type.status(), made.table_);
  made.type_ = *std::move(type);
  return made;
}

StatusOr<std::optional<KernelBatch>> KernelStream::Next(std::stop_token stop) {
  const CancelOn cancel_on_stop(std::move(stop), cancel_.get());
  KernelBatch batch;
  KernelError error;
  if (dk_stream_next(stream_.get(), batch.rows.out(), &batch.files_done, error.out()) != DK_OK) {
    return error.ToStatus(table_);
  }
  if (batch.rows.empty()) return std::optional<KernelBatch>();
  return std::optional<KernelBatch>(std::move(batch));
}

}  // namespace drift::delta
