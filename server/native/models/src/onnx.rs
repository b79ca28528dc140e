//! Transformer models on ONNX Runtime, whose library is opened at run time from a path.

use crate::error::{cancelled, guard, internal, invalid, not_found, CError, Result};
use ort::environment::Environment;
use ort::session::{builder::GraphOptimizationLevel, RunOptions, Session};
use ort::value::TensorRef;
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;

const MEAN: i32 = 1;
const CLS: i32 = 2;

/// There can be one only in the life of a process. Never dropped: sessions may live until its end.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Microsoft's builds of the library report its use to a server of theirs and keep a device id and a
/// database below the user's cache folder, `with_telemetry(false)` or not. Only this variable stops
/// that. It is set while libdrift_models is loaded: before main, when there is one thread.
#[used]
#[link_section = ".init_array"]
static KEEP_QUIET: extern "C" fn() = {
    extern "C" fn keep_quiet() {
        std::env::set_var("ORT_DISABLE_TELEMETRY", "1");
    }
    keep_quiet
};

pub struct DriftSession {
    session: Mutex<Session>,
    options: RunOptions,
    stopped: AtomicBool,
    takes_types: bool,
    output: String,
}

fn load(path: &str) -> Result<()> {
    let mut environment = ENVIRONMENT
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if environment.is_none() {
        let builder = ort::init_from(path).map_err(not_found)?;
        *environment = Some(builder.with_telemetry(false).build().map_err(internal)?);
    }
    Ok(())
}

fn open(model: &[u8], threads: usize) -> Result<DriftSession> {
    let environment = ENVIRONMENT
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .clone();
    let environment = environment.ok_or_else(|| not_found("ONNX Runtime is not loaded"))?;
    let session = Session::builder(&environment)
        .and_then(|b| Ok(b.with_optimization_level(GraphOptimizationLevel::Level3)?))
        .and_then(|b| Ok(b.with_intra_threads(threads)?))
        .and_then(|mut b| b.commit_from_memory(model))
        .map_err(invalid)?;
    let takes_types = session
        .inputs()
        .iter()
        .any(|input| input.name() == "token_type_ids");
    let output = session
        .outputs()
        .first()
        .ok_or_else(|| invalid("the model has no output"))?;
    let output = output.name().to_owned();
    Ok(DriftSession {
        session: Mutex::new(session),
        options: RunOptions::new().map_err(internal)?,
        stopped: AtomicBool::new(false),
        takes_types,
        output,
    })
}

/// One batch of token ids, as the header describes it.
struct Batch<'a> {
    ids: &'a [u32],
    lengths: &'a [usize],
    length: usize,
}

impl Batch<'_> {
    /// The ids with zeros for padding, and ones where they are real.
    fn ids_and_mask(&self) -> Result<(Vec<i64>, Vec<i64>)> {
        let mut ids: Vec<i64> = self.ids.iter().map(|&id| i64::from(id)).collect();
        let mut mask = vec![0i64; ids.len()];
        for (row, &real) in self.lengths.iter().enumerate() {
            if real == 0 || real > self.length {
                return Err(invalid("a text has no tokens"));
            }
            let start = row * self.length;
            mask[start..start + real].fill(1);
            ids[start + real..start + self.length].fill(0);
        }
        Ok((ids, mask))
    }
}

impl DriftSession {
    fn embed(&self, batch: &Batch, pooling: i32, out: &mut [f32], dimensions: usize) -> Result<()> {
        let shape = [batch.lengths.len(), batch.length];
        let (ids, mask) = batch.ids_and_mask()?;
        let types = vec![0i64; ids.len()];
        let tensor = |values| TensorRef::from_array_view((shape, values)).map_err(internal);
        let mut inputs = ort::inputs! {
            "input_ids" => tensor(&ids[..])?,
            "attention_mask" => tensor(&mask[..])?,
        };
        if self.takes_types {
            inputs.push(("token_type_ids".into(), tensor(&types[..])?.into()));
        }
        let mut session = self
            .session
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let outputs = session
            .run_with_options(inputs, &self.options)
            .map_err(|error| {
                if self.stopped.load(Ordering::Relaxed) {
                    return cancelled("stopped");
                }
                invalid(error)
            })?;
        let (found, states) = outputs[self.output.as_str()]
            .try_extract_tensor::<f32>()
            .map_err(invalid)?;
        let wanted = [shape[0] as i64, shape[1] as i64, dimensions as i64];
        if found[..] != wanted {
            return Err(invalid(format!(
                "the model gives {found:?} where {wanted:?} is expected"
            )));
        }
        for (row, vector) in out.chunks_exact_mut(dimensions).enumerate() {
            let start = row * batch.length * dimensions;
            pool(&states[start..], batch.lengths[row], pooling, vector)?;
        }
        Ok(())
    }
}

/// Makes one unit vector of the states of a text's `tokens` tokens.
fn pool(states: &[f32], tokens: usize, pooling: i32, vector: &mut [f32]) -> Result<()> {
    let tokens = match pooling {
        MEAN => tokens,
        CLS => 1,
        _ => return Err(invalid("unknown pooling")),
    };
    // The length is divided away, so the sum does as well as the mean.
    vector.fill(0.0);
    for state in states.chunks_exact(vector.len()).take(tokens) {
        vector
            .iter_mut()
            .zip(state)
            .for_each(|(sum, value)| *sum += value);
    }
    let norm = vector
        .iter()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum::<f64>()
        .sqrt();
    if !norm.is_finite() || norm == 0.0 {
        return Err(invalid("the model gives a vector without a direction"));
    }
    vector
        .iter_mut()
        .for_each(|x| *x = (f64::from(*x) / norm) as f32);
    Ok(())
}

#[no_mangle]
pub unsafe extern "C" fn drift_onnx_load(
    path: *const c_char,
    path_size: usize,
    error: *mut CError,
) -> i32 {
    guard(
        error,
        |e| e.code(),
        || load(crate::text(path, path_size)?).map(|()| 0),
    )
}

#[no_mangle]
pub unsafe extern "C" fn drift_onnx_open(
    model: *const c_char,
    model_size: usize,
    threads: i32,
    error: *mut CError,
) -> *mut DriftSession {
    guard(
        error,
        |_| std::ptr::null_mut(),
        || {
            let session = open(crate::bytes(model, model_size), threads.max(1) as usize)?;
            Ok(Box::into_raw(Box::new(session)))
        },
    )
}

#[no_mangle]
pub unsafe extern "C" fn drift_onnx_close(session: *mut DriftSession) {
    if !session.is_null() {
        drop(Box::from_raw(session));
    }
}

#[no_mangle]
pub unsafe extern "C" fn drift_onnx_stop(session: *const DriftSession, stop: i32) {
    guard(
        std::ptr::null_mut(),
        |_| (),
        || {
            let session = &*session;
            session.stopped.store(stop != 0, Ordering::Relaxed);
            let options = &session.options;
            if stop != 0 {
                options.terminate()
            } else {
                options.unterminate()
            }
            .map_err(internal)
        },
    )
}

#[no_mangle]
pub unsafe extern "C" fn drift_onnx_embed(
    session: *const DriftSession,
    ids: *const u32,
    lengths: *const usize,
    batch: usize,
    length: usize,
    pooling: i32,
    out: *mut f32,
    dimensions: usize,
    error: *mut CError,
) -> i32 {
    guard(
        error,
        |e| e.code(),
        || {
            if batch == 0 || length == 0 || dimensions == 0 {
                return Err(invalid("an empty batch"));
            }
            let input = Batch {
                ids: std::slice::from_raw_parts(ids, batch * length),
                lengths: std::slice::from_raw_parts(lengths, batch),
                length,
            };
            let out = std::slice::from_raw_parts_mut(out, batch * dimensions);
            (*session)
                .embed(&input, pooling, out, dimensions)
                .map(|()| 0)
        },
    )
}
