import type { Routine } from './schema-snapshot.ts';

/** What calling a routine of PostgreSQL itself does; `set` changes the setting that it names. */
export type RoutineEffect = 'read' | 'write' | 'admin' | 'unknown' | 'set';

/**
 * The review of `pg_catalog`: every routine that PostgreSQL 18 calls volatile, and those others that do more than compute
 * from what they are given. What is stable or immutable and not listed reads the catalog or computes. A test compares this
 * with the `pg_proc` of a real server; a volatile routine that is not listed is unknown.
 */
const review: readonly (readonly [effect: RoutineEffect, why: string, names: string])[] = [
  [
    'read',
    'Answers anew at each call, and changes nothing.',
    `array_sample array_shuffle clock_timestamp current_query gen_random_uuid random random_normal timeofday uuidv4 uuidv7
     bernoulli system amvalidate`,
  ],
  [
    'read',
    'State of its own session only: a seed, a wait, a snapshot for others, statistics read anew.',
    `setseed pg_sleep pg_sleep_for pg_sleep_until pg_export_snapshot pg_stat_clear_snapshot pg_stat_force_next_flush
     pg_safe_snapshot_blocking_pids pg_blocking_pids pg_isolation_test_session_is_blocked`,
  ],
  ['read', 'Reads a sequence without moving it.', 'currval lastval currtid2 pg_sequence_last_value pg_get_sequence_data'],
  [
    'read',
    'Sizes, collations and trees of the catalog.',
    `pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size
     pg_collation_actual_version pg_database_collation_actual_version pg_partition_ancestors pg_partition_tree`,
  ],
  [
    'read',
    'Watches the server: locks, waits, memory, statistics, the log of transactions.',
    `pg_lock_status pg_prepared_xact pg_get_aios pg_get_backend_memory_contexts pg_get_loaded_modules pg_get_multixact_members
     pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_replay_pause_state
     pg_get_wal_resource_managers pg_get_wal_summarizer_state pg_available_wal_summaries pg_wal_summary_contents
     pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system pg_current_logfile
     pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_is_in_recovery pg_is_wal_replay_paused
     pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
     pg_notification_queue_usage pg_replication_origin_progress pg_replication_origin_session_is_setup
     pg_replication_origin_session_progress pg_show_replication_origin_status pg_stat_get_backend_io pg_stat_get_backend_wal
     pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
     pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
     pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
     pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated
     pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_xact_commit_timestamp
     pg_xact_commit_timestamp_origin pg_xact_status txid_status`,
  ],
  [
    'read',
    'Support of indexes and of full text search, callable in name only.',
    'brinhandler bthandler ginhandler gisthandler hashhandler spghandler heap_tableam_handler dsnowball_init dsnowball_lexize',
  ],
  ['read', 'Reads a large object.', 'lo_get loread lo_lseek lo_lseek64 lo_tell lo_tell64 lo_close'],
  ['set', 'Changes the setting that its first argument names.', 'set_config'],
  ['write', 'Moves a sequence.', 'nextval setval'],
  [
    'write',
    'Makes, changes or removes a large object, or opens one to write.',
    'lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite lo_open',
  ],
  [
    'write',
    'Takes or gives back a lock that others wait for.',
    `pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared
     pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
     pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared`,
  ],
  ['write', 'Sends something to others: a notification, an entry of the replicated log.', 'pg_notify pg_logical_emit_message'],
  ['write', 'Maintains an index.', 'brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list'],
  [
    'admin',
    "Reads or writes the server's files.",
    `lo_export lo_import pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir pg_ls_logicalsnapdir
     pg_ls_replslotdir pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_read_binary_file pg_read_file pg_stat_file
     pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings`,
  ],
  [
    'admin',
    'Ends or disturbs the work of others, or governs the server.',
    `pg_cancel_backend pg_terminate_backend pg_log_backend_memory_contexts pg_reload_conf pg_rotate_logfile pg_promote
     pg_backup_start pg_backup_stop pg_create_restore_point pg_switch_wal pg_log_standby_snapshot pg_wal_replay_pause
     pg_wal_replay_resume pg_import_system_collations`,
  ],
  [
    'admin',
    'Replication: slots hold and show everything that is written.',
    `pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_create_logical_replication_slot
     pg_create_physical_replication_slot pg_drop_replication_slot pg_logical_slot_get_binary_changes
     pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes
     pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop
     pg_replication_origin_session_reset pg_replication_origin_session_setup pg_replication_origin_xact_reset
     pg_replication_origin_xact_setup pg_replication_slot_advance pg_sync_replication_slots`,
  ],
  [
    'admin',
    "Falsifies or forgets the server's statistics.",
    `pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats pg_restore_relation_stats pg_stat_reset
     pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared pg_stat_reset_single_function_counters
     pg_stat_reset_single_table_counters pg_stat_reset_slru pg_stat_reset_subscription_stats`,
  ],
  [
    'admin',
    "For PostgreSQL's own programs and extension scripts.",
    `binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up
     binary_upgrade_replorigin_advance binary_upgrade_set_missing_value binary_upgrade_set_next_array_pg_type_oid
     binary_upgrade_set_next_heap_pg_class_oid binary_upgrade_set_next_heap_relfilenode
     binary_upgrade_set_next_index_pg_class_oid binary_upgrade_set_next_index_relfilenode
     binary_upgrade_set_next_multirange_array_pg_type_oid binary_upgrade_set_next_multirange_pg_type_oid
     binary_upgrade_set_next_pg_authid_oid binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid
     binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
     binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs pg_extension_config_dump pg_nextoid
     pg_stop_making_pinned_objects plpgsql_call_handler plpgsql_inline_handler plpgsql_validator`,
  ],
  [
    'unknown',
    'Runs a query that it is given as text, or reads relations that it is given by name.',
    `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml
     table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema
     database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_stat ts_rewrite`,
  ],
];

/** The reviewed effect of each name. */
export const reviewedRoutines: ReadonlyMap<string, RoutineEffect> = new Map(
  review.flatMap(([effect, , names]) => names.split(/\s+/).map((name) => [name, effect] as const)),
);

/** What calling a routine of PostgreSQL itself does. */
export function systemRoutineEffect({ name, volatility, schema }: Routine): RoutineEffect {
  const reviewed = schema === 'pg_catalog' ? reviewedRoutines.get(name) : undefined;
  return reviewed ?? (volatility === 'volatile' ? 'unknown' : 'read');
}

/**
 * Routines of extensions that PostgreSQL ships and their kin, by name: only a superuser makes one in C, so a name is to be
 * trusted where the language is. The volatile ones that change nothing, and those that read what no policy sees them read.
 */
const harmlessInC = new Set(
  `uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_uuid gen_random_bytes gen_salt fips_mode
   pgp_pub_encrypt pgp_pub_encrypt_bytea pgp_sym_encrypt pgp_sym_encrypt_bytea normal_rand set_limit
   ssl_cipher ssl_client_cert_present ssl_client_dn ssl_client_dn_field ssl_client_serial ssl_extension_info ssl_is_used
   ssl_issuer_dn ssl_issuer_field ssl_version pg_stat_statements pg_stat_statements_info pg_buffercache_pages
   pg_buffercache_summary pg_buffercache_usage_counts pg_buffercache_numa_pages pgstattuple pgstattuple_approx pgstatindex
   pgstatginindex pgstathashindex pg_relpages`.split(/\s+/),
);
/** `crosstab('select … from payroll')` is called stable, and reads whatever its text says. */
const readsByText = new Set('crosstab crosstab2 crosstab3 crosstab4 crosstabn connectby xpath_table'.split(' '));

/** Whether a routine that is not PostgreSQL's own only computes, or reads what is its own to read. */
export function onlyComputes({ name, kind, language, trusted, volatility }: Routine): boolean {
  if (kind === 'procedure' || !trusted) return false;
  if (language === 'c' && readsByText.has(name)) return false;
  return volatility !== 'volatile' || (language === 'c' && harmlessInC.has(name));
}
