// The least that puts the same points into the same stores with the same client libraries: what a
// sink's rate is held against. No guard, no checks, no errors but an exit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/types.h"

namespace drift::bench {

class BareLoader {
 public:
  virtual ~BareLoader() = default;
  // An empty table or collection, in place of the one before.
  virtual void Create(int32_t dimensions) = 0;
  // Points that are not there yet; returns once they are durable.
  virtual void Insert(std::span<const Point> points) = 0;
  // Points that are.
  virtual void Update(std::span<const Point> points) = 0;
  virtual void Remove() = 0;
};

std::unique_ptr<BareLoader> BareSqlite(const std::string& path);
std::unique_ptr<BareLoader> BarePostgres(uint16_t port, const std::string& database);
std::unique_ptr<BareLoader> BareQdrant(uint16_t port);

[[noreturn]] void Fail(const std::string& what);

// The texts a row has beside its vector, made once: what makes them is not what is measured.
std::string Digest(const Point& point);

}  // namespace drift::bench
