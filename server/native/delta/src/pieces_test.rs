use super::*;
use delta_kernel::arrow::array::{ArrayRef, Int64Array, StringArray};
use delta_kernel::object_store::memory::InMemory;
use delta_kernel::parquet::arrow::ArrowWriter;
use delta_kernel::parquet::file::properties::WriterProperties;
use delta_kernel::schema::{DataType, StructField, StructType};
use url::Url;

use crate::runtime::handle;

const ROWS: i64 = 1000;

/// A file of ids and texts in row groups of 400 rows and pages of 50.
fn file(store: &InMemory, with_index: bool) -> FileMeta {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..ROWS).map(|i| format!("text {i}")),
    ));
    let batch = RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(400))
        .set_data_page_row_count_limit(50)
        .set_write_batch_size(10)
        .set_offset_index_disabled(!with_index)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let size = bytes.len() as u64;
    handle()
        .block_on(store.put(&Path::from("f.parquet"), bytes.into()))
        .unwrap();
    FileMeta::new(Url::parse("memory:///f.parquet").unwrap(), 0, size)
}

fn schema() -> SchemaRef {
    Arc::new(
        StructType::try_new([
            StructField::nullable("id", DataType::LONG),
            StructField::nullable("text", DataType::STRING),
        ])
        .unwrap(),
    )
}

fn limits(batch_rows: usize, piece_bytes: u64) -> Limits {
    Limits {
        batch_rows,
        batch_bytes: 1 << 20,
        piece_bytes,
    }
}

/// Ids of each batch.
fn read(store: Arc<InMemory>, file: FileMeta, limits: Limits) -> Vec<Vec<i64>> {
    read_file(store, file, schema(), limits, CancelRef::default())
        .map(|batch| {
            let rows: RecordBatch = (*batch
                .unwrap()
                .into_any()
                .downcast::<delta_kernel::engine::arrow_data::ArrowEngineData>()
                .unwrap())
            .into();
            let ids = rows
                .column(0)
                .as_any()
                .downcast_ref::<Int64Array>()
                .unwrap();
            ids.values().to_vec()
        })
        .collect()
}

#[test]
fn pieces_of_any_size_give_the_same_rows() {
    for with_index in [true, false] {
        let store = Arc::new(InMemory::new());
        let file = file(&store, with_index);
        let whole: Vec<i64> = (0..ROWS).collect();
        for piece_bytes in [1 << 20, 5000, 700, 100, 1] {
            for batch_rows in [8192, 64, 7, 1] {
                let batches = read(store.clone(), file.clone(), limits(batch_rows, piece_bytes));
                assert!(batches.iter().all(|batch| batch.len() <= batch_rows));
                assert_eq!(
                    batches.concat(),
                    whole,
                    "{piece_bytes} {batch_rows} {with_index}"
                );
            }
        }
    }
}

#[test]
fn a_size_that_is_not_known_is_asked_for() {
    let store = Arc::new(InMemory::new());
    let file = FileMeta {
        size: 0,
        ..file(&store, true)
    };
    assert_eq!(
        read(store, file, limits(8192, 1 << 20)).concat().len(),
        ROWS as usize
    );
}

#[test]
fn a_cancel_ends_it_in_the_middle() {
    let store = Arc::new(InMemory::new());
    let file = file(&store, true);
    let cancel = CancelRef::default();
    let mut reader = read_file(store, file, schema(), limits(10, 1 << 20), cancel.clone());
    assert!(reader.next().unwrap().is_ok());
    cancel.fire();
    assert!(matches!(reader.next(), Some(Err(KernelError::Cancelled))));
    assert!(reader.next().is_none());
}

#[test]
fn a_missing_file_is_one_error_and_the_end() {
    let file = FileMeta::new(Url::parse("memory:///nope.parquet").unwrap(), 0, 10);
    let mut reader = read_file(
        Arc::new(InMemory::new()),
        file,
        schema(),
        limits(10, 100),
        CancelRef::default(),
    );
    assert!(reader.next().unwrap().is_err());
    assert!(reader.next().is_none());
}

#[test]
fn batches_are_sized_by_bytes() {
    let store = Arc::new(InMemory::new());
    let file = file(&store, true);
    let tight = Limits {
        batch_rows: 8192,
        batch_bytes: 1,
        piece_bytes: 1 << 20,
    };
    assert!(read(store, file, tight)
        .iter()
        .all(|batch| batch.len() == 1));
}
