-- expect: no-such-table
select * from information_schema.df_settings
