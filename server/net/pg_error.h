// PostgreSQL's errors as Status.
#pragma once

#include <string_view>

#include "base/status.h"

namespace drift {

// `name` is the server and database, `sqlstate` five characters (empty: unknown), `message` the
// server's primary message. Values quoted in messages about bad data are cut out. Codes, by class
// of the SQLSTATE (PostgreSQL manual, appendix A):
//   kUnavailable        08, 57P, 53300 too many connections, 55P03 lock not available, 58 I/O
//   kAborted            40 serialization failure, deadlock
//   kResourceExhausted  53100 disk full (DISK_FULL), 53200 out of memory
//   kUnauthenticated    28
//   kPermissionDenied   42501
//   kNotFound           3D000 database, 3F000 schema, 42P01 table
//   kAlreadyExists      23505 unique, 42P06, 42P07, 42710 such a thing is there
//   kInvalidArgument    22 data, 54 program limits
//   kFailedPrecondition 23 other constraints, 25006 read-only, 42 everything else, 0A, P0001
//   kDeadlineExceeded   57014 statement_timeout
//   kDataLoss           XX001, XX002 corruption
//   kInternal           anything else
Status PgError(std::string_view name, std::string_view sqlstate, std::string_view message);

// The same for the text libpq gives when no connection came about, written in verbose form ("...
// FATAL:  28P01: password authentication failed ..."); without a SQLSTATE: kUnavailable.
Status PgConnectError(std::string_view name, std::string_view text);

}  // namespace drift
