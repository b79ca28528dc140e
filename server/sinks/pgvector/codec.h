// Points as rows, both ways, in PostgreSQL's binary format. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/sink.h"
#include "net/pg.h"
#include "net/pg_copy.h"

namespace drift::pgvector {

// pgvector's binary format: int16 dimensions, int16 zero, then each float, all big endian.
void AppendVector(std::string& out, const Vector& vector);
// An empty Vector for bytes that are not of that form.
Vector ReadVector(std::string_view bytes);

// One row of COPY in the order of Columns().
Status CopyPoint(const std::string& source, const Point& point, PgCopyWriter& copy);

// The columns a point is read from; the embedding comes first and is NULL when not wanted.
std::string PointColumns(const std::string& embedding);
Point ReadPoint(const PgResult& rows, int row);

// The columns a head is read from.
inline constexpr char kHeadColumns[] =
    "id, key, chunk, source_version, revision, model, text_sha256";
PointHead ReadHead(const PgResult& rows, int row);

}  // namespace drift::pgvector
