// Where the files of local models lie, and what is opened of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/catalogue.h"
#include "providers/local/mapped_file.h"
#include "providers/local/native.h"

namespace drift::local {

// Safe for concurrent use. Lives as long as the process.
class ModelFiles {
 public:
  // `folders` in order of preference.
  explicit ModelFiles(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  // $DRIFT_MODELS_DIR, ../share/drift/models beside the executable's folder, $XDG_DATA_HOME (else
  // ~/.local/share)/drift/models, /usr/share/drift/models.
  static std::vector<std::string> DefaultFolders();

  // The path of `file`, itself absolute or below one of the folders. kFailedPrecondition
  // (MODEL_NOT_INSTALLED) with the remedy: it is in none of them; `model` is named in the message.
  StatusOr<std::string> Find(const std::string& file, const std::string& model) const;

  struct Checked {
    MappedFile file;
    std::string sha256;  // hex
  };
  // Finds and maps it. kFailedPrecondition (MODEL_NOT_INSTALLED) also when `sha256` is not empty
  // and another one is found: half a download, or another release.
  StatusOr<Checked> Open(const std::string& file, const std::string& sha256,
                         const std::string& model) const;

  // The tokenizer of a local model: the same one for as long as somebody holds it.
  // REQUIRES: entry.local.
  StatusOr<std::shared_ptr<Tokenizer>> OpenTokenizer(const ModelEntry& entry) EXCLUDES(mu_);

  // Loads ONNX Runtime from onnxruntime/libonnxruntime.so.1 below one of the folders, else by that
  // name from the system's. kFailedPrecondition (MODEL_NOT_INSTALLED).
  Status LoadOnnx(const std::string& model) const;

 private:
  const std::vector<std::string> folders_;
  Mutex mu_;
  std::map<std::string, std::weak_ptr<Tokenizer>> tokenizers_ GUARDED_BY(mu_);  // by file
};

}  // namespace drift::local
