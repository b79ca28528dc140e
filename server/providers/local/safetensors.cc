#include "providers/local/safetensors.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "net/json.h"

namespace drift::local {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr size_t kLengthBytes = 8;
constexpr std::string_view kMetadata = "__metadata__";

struct Tensor {
  bool half = false;
  size_t rows = 0;
  size_t columns = 0;
  size_t begin = 0;
  size_t end = 0;
};

StatusOr<size_t> ReadSize(JsonView list, size_t index) {
  ASSIGN_OR_RETURN(const int64_t value, list[index].Int());
  if (value < 0) return InvalidArgument("a negative size");
  return static_cast<size_t>(value);
}

StatusOr<Tensor> ReadTensor(JsonView entry) {
  Tensor out;
  ASSIGN_OR_RETURN(const std::string_view type, entry.GetString("dtype"));
  ASSIGN_OR_RETURN(const JsonView shape, entry.Get("shape"));
  ASSIGN_OR_RETURN(const JsonView offsets, entry.Get("data_offsets"));
  if (type != "F16" && type != "F32") return InvalidArgument("numbers of type {}", type);
  if (!shape.is_array() || shape.size() != 2) return InvalidArgument("no matrix");
  if (!offsets.is_array() || offsets.size() != 2) return InvalidArgument("no offsets");
  out.half = type == "F16";
  ASSIGN_OR_RETURN(out.rows, ReadSize(shape, 0));
  ASSIGN_OR_RETURN(out.columns, ReadSize(shape, 1));
  ASSIGN_OR_RETURN(out.begin, ReadSize(offsets, 0));
  ASSIGN_OR_RETURN(out.end, ReadSize(offsets, 1));
  return out;
}

StatusOr<Tensor> ReadHeader(std::string_view header) {
  ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(header));
  RETURN_IF_ERROR(document.root().CheckObject());
  std::vector<std::string_view> names = document.root().Names();
  std::erase(names, kMetadata);
  if (names.size() != 1) return InvalidArgument("{} tensors where one is expected", names.size());
  ASSIGN_OR_RETURN(const JsonView entry, document.root().Get(names[0]));
  return ReadTensor(entry);
}

StatusOr<Matrix> Convert(const Tensor& tensor, std::string_view data) {
  const size_t width = tensor.half ? sizeof(uint16_t) : sizeof(float);
  // Bounded one by one first, so that the product cannot overflow.
  const bool sane = tensor.end <= data.size() && tensor.begin <= tensor.end &&
                    tensor.rows <= data.size() && tensor.columns <= data.size() &&
                    tensor.columns > 0 && tensor.rows > 0 &&
                    tensor.rows <= data.size() / tensor.columns &&
                    tensor.end - tensor.begin == tensor.rows * tensor.columns * width;
  if (!sane) return InvalidArgument("sizes that do not fit the file");
  Matrix out{tensor.rows, tensor.columns, std::vector<float>(tensor.rows * tensor.columns)};
  const char* in = data.data() + tensor.begin;
  if (!tensor.half) {
    std::memcpy(out.values.data(), in, out.values.size() * sizeof(float));
    return out;
  }
  for (float& value : out.values) {
    uint16_t half;
    std::memcpy(&half, in, sizeof(half));
    value = HalfToFloat(half);
    in += sizeof(half);
  }
  return out;
}

StatusOr<Matrix> Read(std::string_view file) {
  if (file.size() < kLengthBytes) return InvalidArgument("no header");
  uint64_t length;
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > file.size() - kLengthBytes) return InvalidArgument("a header beyond its end");
  ASSIGN_OR_RETURN(const Tensor tensor, ReadHeader(file.substr(kLengthBytes, length)));
  return Convert(tensor, file.substr(kLengthBytes + length));
}

}  // namespace

float HalfToFloat(uint16_t half) {
  // The exponent is put in place by a multiplication, which is right for the subnormal ones too;
  // infinities and NaN are beyond it.
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t rest = static_cast<uint32_t>(half & 0x7fff);
  constexpr uint32_t kInfinity = 0x7c00;
  if (rest >= kInfinity) return std::bit_cast<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  constexpr float kScale = 0x1p112f;  // float's bias less half's
  return std::bit_cast<float>(sign |
                              std::bit_cast<uint32_t>(std::bit_cast<float>(rest << 13) * kScale));
}

StatusOr<Matrix> ReadMatrix(std::string_view file) {
  auto matrix = Read(file);
  if (!matrix.ok()) return DataLoss("no safetensors matrix: {}", Message(matrix.status()));
  return matrix;
}

}  // namespace drift::local
