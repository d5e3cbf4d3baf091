-- expect: bad-parameter
select range(date '2001-02-01', date '2001-12-01', interval '1 month -28 days')
