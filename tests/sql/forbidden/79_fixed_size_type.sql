-- expect: not-supported
select arrow_cast(null, 'FixedSizeBinary(1000000000)')
