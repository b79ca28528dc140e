//! Which columns are read for those that were asked for. The kernel cannot read a projection without
//! a single column that lies in the data files, so one is added and dropped again.

use delta_kernel::schema::{DataType, PrimitiveType, SchemaRef, StructField, StructType};

use crate::error::{Code, Failure, Result};

/// Columns of a change feed that lie in no file.
const FEED_COLUMNS: &[&str] = &["_change_type", "_commit_version", "_commit_timestamp"];
pub const CHANGE_TYPE: &str = "_change_type";

#[derive(Debug)]
pub struct Projection {
    pub read: SchemaRef,
    /// How many of the columns read, from the front, were asked for.
    pub wanted: usize,
}

/// Cheap to read comes first.
fn cost(data_type: &DataType) -> u8 {
    use PrimitiveType as P;
    match data_type {
        DataType::Primitive(P::Boolean | P::Byte) => 0,
        DataType::Primitive(P::Short | P::Integer | P::Date | P::Float) => 1,
        DataType::Primitive(P::Long | P::Double | P::Timestamp | P::TimestampNtz) => 2,
        DataType::Primitive(P::Decimal(_)) => 3,
        DataType::Primitive(P::String | P::Binary) => 4,
        DataType::Primitive(P::Void) => 9, // in no file
        _ => 5,
    }
}

fn is_in_files(field: &StructField, partitions: &[String]) -> bool {
    !FEED_COLUMNS.contains(&field.name().as_str())
        && !partitions.contains(field.name())
        && cost(field.data_type()) < 9
}

/// `schema`: all columns there are. `is_feed`: of a change feed, which has the feed's columns too.
pub fn project(
    schema: &StructType,
    partitions: &[String],
    columns: &[String],
    is_feed: bool,
) -> Result<Projection> {
    if columns.is_empty() {
        return Err(Failure::invalid("no columns are asked for"));
    }
    let mut names: Vec<&str> = Vec::with_capacity(columns.len() + 2);
    for column in columns {
        if names.contains(&column.as_str()) {
            return Err(Failure::invalid(format!(
                "column '{column}' is asked for twice"
            )));
        }
        names.push(column);
    }
    // Without its type of change, the kernel sends batches with one column more than it says.
    if is_feed && !names.contains(&CHANGE_TYPE) {
        names.push(CHANGE_TYPE);
    }
    let in_files = |name: &&str| {
        schema
            .field(*name)
            .is_some_and(|f| is_in_files(f, partitions))
    };
    if !names.iter().any(in_files) {
        let candidates = schema
            .fields()
            .filter(|field| is_in_files(field, partitions));
        let Some(cheapest) = candidates.min_by_key(|field| cost(field.data_type())) else {
            return Err(Failure::new(
                Code::Unsupported,
                "the table has no column outside its partitions",
            ));
        };
        names.push(cheapest.name());
    }
    let read = schema.project(&names).map_err(|_| {
        let missing = columns
            .iter()
            .find(|column| schema.field(column.as_str()).is_none());
        Failure::invalid(format!("no column '{}'", missing.map_or("?", |name| name)))
    })?;
    Ok(Projection {
        read,
        wanted: columns.len(),
    })
}

#[cfg(test)]
#[path = "projection_test.rs"]
mod tests;
