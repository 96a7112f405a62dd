import type { DeedEffect, Verb } from './deeds.ts';

/** A setting of the session that a statement changes. */
export interface SettingChange {
  /** In lower case; `*` for all of them. */
  readonly name: string;
  /** Null where it goes back to its default, and where the text does not tell. */
  readonly value: string | null;
  readonly toDefault: boolean;
  /** Until the end of the transaction only. */
  readonly local: boolean;
}

/** Settings whose change concerns nobody but the session itself, and opens nothing to it. */
const harmless = new Set(
  `application_name array_nulls backend_flush_after backslash_quote bytea_output check_function_bodies client_connection_check_interval
   client_encoding client_min_messages commit_delay commit_siblings constraint_exclusion cpu_index_tuple_cost cpu_operator_cost
   cpu_tuple_cost cursor_tuple_fraction datestyle debug_pretty_print default_statistics_target default_table_access_method
   default_tablespace default_text_search_config default_toast_compression default_transaction_deferrable
   default_transaction_isolation deadlock_timeout effective_cache_size effective_io_concurrency escape_string_warning
   exit_on_error extra_float_digits from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed
   geqo_selection_bias geqo_threshold gin_fuzzy_search_limit gin_pending_list_limit hash_mem_multiplier icu_validation_level
   idle_in_transaction_session_timeout idle_session_timeout intervalstyle jit jit_above_cost jit_inline_above_cost
   jit_optimize_above_cost join_collapse_limit lc_messages lc_monetary lc_numeric lc_time lock_timeout
   logical_decoding_work_mem maintenance_io_concurrency maintenance_work_mem max_parallel_maintenance_workers
   max_parallel_workers max_parallel_workers_per_gather min_parallel_index_scan_size min_parallel_table_scan_size names
   parallel_leader_participation parallel_setup_cost parallel_tuple_cost plan_cache_mode quote_all_identifiers
   random_page_cost recursive_worktable_factor row_security search_path seed seq_page_cost standard_conforming_strings
   statement_timeout synchronize_seqscans synchronous_commit tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval tcp_user_timeout
   temp_buffers temp_tablespaces timezone timezone_abbreviations transaction_deferrable transaction_isolation
   transaction_timeout transform_null_equals vacuum_cost_delay vacuum_cost_limit work_mem xmlbinary xmloption`.split(/\s+/),
);

/** The planner's switches, and how well known extensions search. */
const harmlessPrefixes = ['enable_', 'pg_trgm.', 'hnsw.', 'ivfflat.'];

/** Settings that say who the session is, or that loosen what the server holds it to. */
const governing = new Set(
  `session_replication_role allow_system_table_mods local_preload_libraries session_preload_libraries dynamic_library_path
   ignore_system_indexes zero_damaged_pages lo_compat_privileges log_statement log_min_messages log_min_error_statement
   log_min_duration_statement log_duration log_error_verbosity event_triggers restrict_nonsystem_relation_kind
   createrole_self_grant wal_compression track_activities track_counts track_functions temp_file_limit
   extension_control_path default_with_oids`.split(/\s+/),
);

const identities = new Set(['role', 'session_authorization']);
const readOnly = new Set(['transaction_read_only', 'default_transaction_read_only']);
const truths = new Set(['on', 'true', 'yes', '1', 't', 'y', 'tr', 'tru', 'ye']);

/**
 * What changing a setting does. To leave read-only mode is asking to write; to become another role is an administrator's act;
 * what is not on the lists (an extension's, an application's own `app.tenant`) may be what row security decides by.
 */
export function settingEffect({ name, value }: Pick<SettingChange, 'name' | 'value'>): readonly [verb: Verb, effect: DeedEffect] {
  if (identities.has(name)) return ['set-role', 'admin'];
  if (readOnly.has(name)) return ['set', value !== null && truths.has(value.toLowerCase()) ? 'read' : 'write'];
  if (governing.has(name)) return ['set', 'admin'];
  return ['set', harmless.has(name) || harmlessPrefixes.some((prefix) => name.startsWith(prefix)) ? 'read' : 'unknown'];
}
