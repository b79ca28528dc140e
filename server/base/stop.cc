#include "base/stop.h"

namespace drift {

LinkedStop::LinkedStop(std::stop_token first, std::stop_token second)
    : first_(std::move(first), Forward{&source_}), second_(std::move(second), Forward{&source_}) {}

LinkedStop::~LinkedStop() = default;

}  // namespace drift
