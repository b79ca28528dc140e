//! Spark's old timestamps (Parquet INT96) without overflow: read as nanoseconds, which is the default,
//! only the years 1677 to 2262 fit, and 9999-12-31 silently becomes a day in 1816.

use std::sync::Arc;

use delta_kernel::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use delta_kernel::engine::reader_options;
use delta_kernel::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use delta_kernel::parquet::basic::Type;
use delta_kernel::parquet::errors::Result;

type Leaves<'a> = &'a mut dyn Iterator<Item = Type>;

fn retime_fields(fields: &Fields, leaves: Leaves) -> Fields {
    fields.iter().map(|field| retime(field, leaves)).collect()
}

/// The field with microseconds in UTC where the file has INT96. Leaves come in the order of the file.
fn retime(field: &FieldRef, leaves: Leaves) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(retime_fields(fields, leaves)),
        DataType::List(item) => DataType::List(retime(item, leaves)),
        DataType::Map(entries, sorted) => DataType::Map(retime(entries, leaves), *sorted),
        leaf => match leaves.next() {
            Some(Type::INT96) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            _ => leaf.clone(),
        },
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// The same metadata, with INT96 columns to be read as microseconds.
pub fn in_microseconds(metadata: ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let columns = metadata.parquet_schema().columns();
    if columns
        .iter()
        .all(|column| column.physical_type() != Type::INT96)
    {
        return Ok(metadata);
    }
    let mut leaves = columns.iter().map(|column| column.physical_type());
    let fields = retime_fields(metadata.schema().fields(), &mut leaves);
    let schema = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
    let options = reader_options().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
}
