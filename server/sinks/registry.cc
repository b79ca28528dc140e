#include "sinks/registry.h"

#include <string>
#include <string_view>

#include "sinks/pgvector/config.h"
#include "sinks/pgvector/sink.h"
#include "sinks/qdrant/config.h"
#include "sinks/qdrant/sink.h"
#include "sinks/sqlite/config.h"
#include "sinks/sqlite/sink.h"

namespace drift {
namespace {

struct Entry {
  std::string_view scheme;
  Status (*check)(const Uri&);
  Uri (*normalize)(Uri);
  StatusOr<std::unique_ptr<Sink>> (*open)(const Uri&);
  std::string_view place;  // the option that names the collection, where the path does not
};

constexpr Entry kSinks[] = {
    {"sqlite", sqlite::CheckUri, sqlite::NormalizeUri, sqlite::OpenSink, "collection"},
    {"postgresql", pgvector::CheckUri, pgvector::NormalizeUri, pgvector::OpenSink, "table"},
    {"pg", pgvector::CheckUri, pgvector::NormalizeUri, pgvector::OpenSink, "table"},
    {"qdrant", qdrant::CheckUri, qdrant::NormalizeUri, qdrant::OpenSink, ""},
    {"qdrants", qdrant::CheckUri, qdrant::NormalizeUri, qdrant::OpenSink, ""},
};

const Entry* Find(std::string_view scheme) {
  for (const Entry& entry : kSinks) {
    if (entry.scheme == scheme) return &entry;
  }
  return nullptr;
}

Status Unknown(std::string_view scheme) {
  std::string known;
  for (const Entry& entry : kSinks) {
    if (!known.empty()) known += ", ";
    known += fmt::format("{}://", entry.scheme);
  }
  return InvalidArgument("unknown sink '{}://'; known: {}", scheme, known);
}

}  // namespace

Status CheckSinkUri(const Uri& uri) {
  const Entry* entry = Find(uri.scheme);
  return entry == nullptr ? Unknown(uri.scheme) : entry->check(uri);
}

Uri NormalizeSinkUri(Uri uri) {
  const Entry* entry = Find(uri.scheme);
  return entry == nullptr ? uri : entry->normalize(std::move(uri));
}

Uri SinkPlace(Uri uri) {
  const Entry* entry = Find(uri.scheme);
  if (entry == nullptr) return uri;
  uri = entry->normalize(std::move(uri));
  uri.user.clear();
  uri.password = Secret();
  std::erase_if(uri.options, [&](const auto& option) { return option.first != entry->place; });
  return uri;
}

StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri) {
  const Entry* entry = Find(uri.scheme);
  if (entry == nullptr) return Unknown(uri.scheme);
  return entry->open(uri);
}

}  // namespace drift
