#include "providers/local/model_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/encoding.h"
#include "base/hash.h"
#include "core/reasons.h"

namespace drift::local {
namespace {

constexpr char kOnnxLibrary[] = "libonnxruntime.so.1";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The folder the executable lies in; empty if the system does not say.
std::string ExecutableFolder() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
  if (n <= 0 || n == static_cast<ssize_t>(sizeof(path))) return "";
  const std::string whole(path, static_cast<size_t>(n));
  return whole.substr(0, whole.rfind('/'));
}

bool IsFile(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Status NotInstalled(std::string_view message) {
  return WithRemedy(
      WithReason(MakeStatus(StatusCode::kFailedPrecondition, message), reason::kModelNotInstalled),
      "run `make models` where Drift was built, or name the folder that has the "
      "files in DRIFT_MODELS_DIR");
}

}  // namespace

std::vector<std::string> ModelFiles::DefaultFolders() {
  std::vector<std::string> out;
  if (const std::string folder = Environment("DRIFT_MODELS_DIR"); !folder.empty()) {
    out.push_back(folder);
  }
  if (const std::string folder = ExecutableFolder(); !folder.empty()) {
    out.push_back(folder + "/../share/drift/models");
  }
  if (const std::string folder = Environment("XDG_DATA_HOME"); !folder.empty()) {
    out.push_back(folder + "/drift/models");
  } else if (const std::string home = Environment("HOME"); !home.empty()) {
    out.push_back(home + "/.local/share/drift/models");
  }
  out.push_back("/usr/share/drift/models");
  return out;
}

StatusOr<std::string> ModelFiles::Find(const std::string& file, const std::string& model) const {
  if (file.starts_with('/')) {
    if (IsFile(file)) return file;
    return NotInstalled(fmt::format("model {} is not installed: there is no {}", model, file));
  }
  std::string tried;
  for (const std::string& folder : folders_) {
    const std::string path = fmt::format("{}/{}", folder, file);
    if (IsFile(path)) return path;
    if (!tried.empty()) tried += ", ";
    tried += folder;
  }
  return NotInstalled(
      fmt::format("model {} is not installed: {} is in none of {}", model, file, tried));
}

StatusOr<ModelFiles::Checked> ModelFiles::Open(const std::string& file, const std::string& sha256,
                                               const std::string& model) const {
  ASSIGN_OR_RETURN(const std::string path, Find(file, model));
  ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::Open(path));
  const Sha256Digest digest = Sha256(mapped.content());
  std::string found = HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  if (!sha256.empty() && found != sha256) {
    return NotInstalled(
        fmt::format("model {}: {} is damaged or of another release (sha256 {}... "
                    "where {}... is expected)",
                    model, path, found.substr(0, 12), sha256.substr(0, 12)));
  }
  return Checked{std::move(mapped), std::move(found)};
}

StatusOr<std::shared_ptr<Tokenizer>> ModelFiles::OpenTokenizer(const ModelEntry& entry) {
  // Held while it is read, so that two who ask at once get the same one.
  MutexLock lock(mu_);
  std::weak_ptr<Tokenizer>& known = tokenizers_[entry.local->tokenizer];
  if (auto tokenizer = known.lock()) return tokenizer;
  ASSIGN_OR_RETURN(const Checked json,
                   Open(entry.local->tokenizer, entry.local->tokenizer_sha256, entry.id()));
  auto tokenizer = Tokenizer::Open(json.file.content());
  if (!tokenizer.ok()) return Annotate(tokenizer.status(), entry.local->tokenizer);
  known = *tokenizer;
  return tokenizer;
}

Status ModelFiles::LoadOnnx(const std::string& model) const {
  const auto path = Find(fmt::format("onnxruntime/{}", kOnnxLibrary), model);
  Status loaded = LoadOnnxRuntime(path.ok() ? *path : kOnnxLibrary);
  if (loaded.ok()) return loaded;
  return NotInstalled(
      fmt::format("model {} needs ONNX Runtime, which is not installed ({})", model,
                  path.ok() ? Message(loaded) : std::string_view("no libonnxruntime.so.1")));
}

}  // namespace drift::local
