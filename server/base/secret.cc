#include "base/secret.h"

#include <cstdlib>

#include "base/text_file.h"

namespace drift {
namespace {

constexpr std::string_view kEnv = "env:";
constexpr std::string_view kFile = "file:";

}  // namespace

Status CheckSecretRef(std::string_view text) {
  if (text.starts_with(kEnv) && text.size() > kEnv.size()) return OkStatus();
  if (text.starts_with("file:/") && text.size() > kFile.size() + 1) return OkStatus();
  return InvalidArgument("a secret is named, not written: use env:NAME or file:/absolute/path");
}

StatusOr<Secret> ReadSecret(const SecretRef& ref) {
  RETURN_IF_ERROR(CheckSecretRef(ref.text));
  if (ref.text.starts_with(kEnv)) {
    const std::string name = ref.text.substr(kEnv.size());
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return NotFound("environment variable {} is not set", name);
    }
    return Secret(value);
  }
  auto text = ReadTextFile(ref.text.substr(kFile.size()));
  if (!text.ok()) return NotFound("secret {}: {}", ref.text, Message(text.status()));
  if (text->ends_with('\n')) text->pop_back();
  if (text->empty()) return NotFound("secret {}: the file is empty", ref.text);
  return Secret(std::move(*text));
}

}  // namespace drift
