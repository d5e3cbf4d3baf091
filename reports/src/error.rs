//! What can go wrong when a chart or report becomes bytes.

/// Why bytes could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The markup handed in is no drawing.
    #[error("failed to read a drawing")]
    Drawing {
        /// What the reader of SVG said.
        #[source]
        cause: resvg::usvg::Error,
    },
    /// The picture would have too many pixels, or none.
    #[error("failed to draw a picture of `{width}` by `{height}` pixels: at most `{pixels_max}` each way")]
    Size {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Height that was asked for, in pixels.
        height: u32,
        /// The largest width or height.
        pixels_max: u32,
    },
    /// The pixels could not be written as PNG.
    #[error("failed to write a picture as PNG")]
    Picture {
        /// What the encoder said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A document could not be written or read as JSON.
    #[error("failed to write or read a document as JSON")]
    Json {
        /// What the reader or writer of JSON said.
        #[source]
        cause: serde_json::Error,
    },
}
