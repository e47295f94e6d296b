//! Tests of the operations through the line interface.
