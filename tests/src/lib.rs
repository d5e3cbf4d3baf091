//! Nothing of its own: this package holds the one integration-test binary (`it/`) and the benchmarks
//! (`bench/`), which see every stage of the product.
