-- A small city as release 20261124 wrote it: pg_dump --data-only --inserts after sales over HTTP, a refund, a reversal and
-- one round of the background work. Load it with triggers and foreign keys off; the order of tables is pg_dump's.
INSERT INTO public.accounts VALUES
	('cixi', 1, '93e3084a-fcfb-548d-a2d4-50a880cff255', 'donations', '', 10000),
	('cixi', 3, '00000000-0000-0000-0000-000000000000', 'service', '', 1000),
	('cixi', 4, '6d24483e-7814-52a5-860e-46c80763d08c', 'hours', '', 500),
	('cixi', 5, '00000000-0000-0000-0000-000000000000', 'issuance', '', 1000),
	('cixi', 7, '62da77ab-dd65-50c2-839b-6fefec170bf6', 'hours', '', 500),
	('cixi', 11, 'f480d1e2-e610-50dd-9a4f-4bd3d06e18c0', 'redeemed', '', 20),
	('cixi', 12, 'f480d1e2-e610-50dd-9a4f-4bd3d06e18c0', 'payable', '', 60),
	('cixi', 8, '62da77ab-dd65-50c2-839b-6fefec170bf6', 'wallet', '2028-12-31', 380),
	('cixi', 9, '9d0221b8-5b71-5a9d-9241-e832e250abf8', 'redeemed', '', 200),
	('cixi', 6, '6d24483e-7814-52a5-860e-46c80763d08c', 'wallet', '2028-12-31', 400),
	('cixi', 10, '9d0221b8-5b71-5a9d-9241-e832e250abf8', 'payable', '', 600),
	('cixi', 2, '93e3084a-fcfb-548d-a2d4-50a880cff255', 'fund', '', 9340);
INSERT INTO public.programmes VALUES
	('cixi', '慈溪', '330282', 'Asia/Shanghai', 300, '93e3084a-fcfb-548d-a2d4-50a880cff255', 'grace', 30, 0, 2, 100000, 1, '2026-03-02 01:00:00+00');
INSERT INTO public.accrual_policies VALUES
	('cixi', '2020-1', '2020-01-01', 60, '{"1": 10000, "2": 12000, "3": 15000}', '235d8be9-1900-5121-8023-a1cae8f25f05', '2026-03-02 01:00:00+00');
INSERT INTO public.answers VALUES
	('cixi', 'test', 'deposit', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{"ok":{"transaction":"txn_d1615fc0c02053a9b70b8c654e55778c","amount_fen":10000}}', 1, '2026-03-02 01:00:00+00'),
	('cixi', 'test', 'verify ff005c072c565602a522b55e9a2af0c9', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{"ok":{"record":"rec_ff005c072c565602a522b55e9a2af0c9","points":500}}', 2, '2026-03-02 01:00:00+00'),
	('cixi', 'test', 'verify e2406a5de94957a2b9300c45db805b16', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{"ok":{"record":"rec_e2406a5de94957a2b9300c45db805b16","points":500}}', 3, '2026-03-02 01:00:00+00'),
	('cixi', 'pay-code:6d24483e781452a5860e46c80763d08c', '01a20c8c369a7449903762b2fb25c1af', '\x7061792d636f6465', '{"ok":{"expires_at":"2026-03-02T01:02:00.000000Z"}}', NULL, '2026-03-02 01:01:00+00'),
	('cixi', 'till:9d0221b85b715a9d9241e832e250abf8', 'A-1', '\x7296e445606fcd89402d2815c5012ef5c198f895eca17f19eb83adc3138258a1', '{"ok":{"redemption":"red_01a20c8c36ad7627a0993ee8bf64970a"}}', 4, '2026-03-02 01:01:00+00'),
	('cixi', 'pay-code:62da77abdd6550c2839b6fefec170bf6', '01a20c8c36b17627964a091d2f5448ca', '\x7061792d636f6465', '{"ok":{"expires_at":"2026-03-02T01:03:00.000000Z"}}', NULL, '2026-03-02 01:02:00+00'),
	('cixi', 'till:9d0221b85b715a9d9241e832e250abf8', 'A-2', '\x61e1a82d349db973d69df9a3b29b2a3d1768b496f25decd5caff2a1f7a7a5fc2', '{"ok":{"redemption":"red_01a20c8c36b370c8b95d6d71f8444951"}}', 5, '2026-03-02 01:02:00+00'),
	('cixi', 'pay-code:6d24483e781452a5860e46c80763d08c', '01a20c8c36b5710c9418606d1740169f', '\x7061792d636f6465', '{"ok":{"expires_at":"2026-03-02T01:04:00.000000Z"}}', NULL, '2026-03-02 01:03:00+00'),
	('cixi', 'till:9d0221b85b715a9d9241e832e250abf8', 'A-3', '\x4298b625f7c05ab9efe648ca04d17bf1e89a2c3774060d8e86414b826526c4d4', '{"ok":{"redemption":"red_01a20c8c36b673e28d85a1f1c2d6f0bf"}}', 6, '2026-03-02 01:03:00+00'),
	('cixi', 'pay-code:6d24483e781452a5860e46c80763d08c', '01a20c8c36b877b88c58bd3047ac945e', '\x7061792d636f6465', '{"ok":{"expires_at":"2026-03-02T01:05:00.000000Z"}}', NULL, '2026-03-02 01:04:00+00'),
	('cixi', 'till:9d0221b85b715a9d9241e832e250abf8', 'A-4', '\x7ed457fac31d403c343cc83de17d929ff3a26ed23b8a8cdff71feaa68cd20fbf', '{"code":"NOT_ENOUGH","detail":{"available":350}}', NULL, '2026-03-02 01:04:00+00'),
	('cixi', 'pay-code:62da77abdd6550c2839b6fefec170bf6', '01a20c8c36bb71f9aa49ffdcceb943ed', '\x7061792d636f6465', '{"ok":{"expires_at":"2026-03-02T01:06:00.000000Z"}}', NULL, '2026-03-02 01:05:00+00'),
	('cixi', 'till:f480d1e2e61050dd9a4f4bd3d06e18c0', 'B-1', '\x1d73f781f034ac66370c604dff6c7c3510e32732a0e29386785ce66fe679e3a3', '{"ok":{"redemption":"red_01a20c8c36bd70fe94881236d13dbbf1"}}', 7, '2026-03-02 01:05:00+00'),
	('cixi', 'test', 'R-1', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{"ok":{"refund":"ref_bf76273b43e2497fa55665a0af05e3a7"}}', 8, '2026-03-02 01:06:00+00'),
	('cixi', 'test', 'V-1', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{"ok":{"redemption":"red_01a20c8c36b673e28d85a1f1c2d6f0bf"}}', 9, '2026-03-02 01:06:00+00'),
	('cixi', 'pay-code:62da77abdd6550c2839b6fefec170bf6', '01a20c8c36c474928ed4c18a22dbe346', '\x7061792d636f6465', '{"ok":{"expires_at":"2026-03-02T01:07:00.000000Z"}}', NULL, '2026-03-02 01:06:00+00');
INSERT INTO public.checkpoints VALUES
	('cixi', 9, '\x40496182ead778d57f86a8bb60b0d2fca325929e4ddb839404fe6afc7783d1e1', '2026-03-02 01:06:00+00', 'cixi.1', '\x17d79b572ff95b6ae4edfd9d43bdf50a2ea9868432005babbdbf3dfa647ded0c40e2929cb8d81918c171f4aff4f56cd820cf089f57a7318c7648c8d1e7c4b100');
INSERT INTO public.funds VALUES
	('cixi', '93e3084a-fcfb-548d-a2d4-50a880cff255', 'hemei', '和美基金', '慈善总会', '志愿者礼遇', '2026-03-02 01:00:00+00');
INSERT INTO public.journal_heads VALUES
	('cixi', 10, 13, '2026-03-02 01:06:00+00');
INSERT INTO public.regions VALUES
	('cixi', '330282', '慈溪市', 'county', NULL, 'official');
INSERT INTO public.merchants VALUES
	('cixi', '9d0221b8-5b71-5a9d-9241-e832e250abf8', '商户 0', '91330282MA0000000X', 'active', '330282', 1, '2026-03-02 01:00:00+00'),
	('cixi', 'f480d1e2-e610-50dd-9a4f-4bd3d06e18c0', '商户 1', '91330282MA0000001X', 'suspended', '330282', 1, '2026-03-02 01:00:00+00');
INSERT INTO public.pay_codes VALUES
	('cixi', '\x42cb5123043a61cc2c15a3b7209ebf2a30cc48b7d46430516e5121269dfc7514', '6d24483e-7814-52a5-860e-46c80763d08c', '2026-03-02 01:02:00+00', '01a20c8c-36ad-7627-a099-3ee8bf64970a'),
	('cixi', '\x78f78e18a07d872fc2f6b1cd014f1a04e247ea181a03cfaeb451f194080dec27', '62da77ab-dd65-50c2-839b-6fefec170bf6', '2026-03-02 01:03:00+00', '01a20c8c-36b3-70c8-b95d-6d71f8444951'),
	('cixi', '\x7a4fbdb6f7c8c4529f676e69ad8bdbd6ed764f9ecd07cab931e0fcf83cca05f9', '6d24483e-7814-52a5-860e-46c80763d08c', '2026-03-02 01:04:00+00', '01a20c8c-36b6-73e2-8d85-a1f1c2d6f0bf'),
	('cixi', '\x7e628b33c1992335595964ea300fe0c2293b09a1877301cf3cc795ce951d35ab', '6d24483e-7814-52a5-860e-46c80763d08c', '2026-03-02 01:05:00+00', NULL),
	('cixi', '\x5a6ec7b6eb7431d702788a9e5923e6a3a38298542df79e2d36a96757e4f8e363', '62da77ab-dd65-50c2-839b-6fefec170bf6', '2026-03-02 01:06:00+00', '01a20c8c-36bd-70fe-9488-1236d13dbbf1'),
	('cixi', '\xbed036dbdfa5ece320cffca1392c51ba7c4e14efa229eb7ae535a4a0156dc30b', '62da77ab-dd65-50c2-839b-6fefec170bf6', '2026-03-02 01:07:00+00', NULL);
INSERT INTO public.redemptions VALUES
	('cixi', '01a20c8c-36ad-7627-a099-3ee8bf64970a', 'A-1', 'SUCCESS', '6d24483e-7814-52a5-860e-46c80763d08c', '9d0221b8-5b71-5a9d-9241-e832e250abf8', '14d4dbf2-bc5d-5b86-9971-d73c844c4786', '84172e52-d53d-56bc-be91-0192736556a1', 100, 300, '2026-03-02 01:01:00+00', '01a20c8c-36ad-7627-a099-3ee9c0ff9699', 4, 0, 0, 0),
	('cixi', '01a20c8c-36bd-70fe-9488-1236d13dbbf1', 'B-1', 'SUCCESS', '62da77ab-dd65-50c2-839b-6fefec170bf6', 'f480d1e2-e610-50dd-9a4f-4bd3d06e18c0', '6592577c-473d-553e-ad25-d303fc75b49f', 'c44db2ac-413b-5c47-952b-2223b1de3d06', 20, 60, '2026-03-02 01:05:00+00', '01a20c8c-36bd-70fe-9488-12375618ba00', 7, 0, 0, 0),
	('cixi', '01a20c8c-36b3-70c8-b95d-6d71f8444951', 'A-2', 'PARTIALLY_REFUNDED', '62da77ab-dd65-50c2-839b-6fefec170bf6', '9d0221b8-5b71-5a9d-9241-e832e250abf8', '14d4dbf2-bc5d-5b86-9971-d73c844c4786', '84172e52-d53d-56bc-be91-0192736556a1', 133, 399, '2026-03-02 01:02:00+00', '01a20c8c-36b3-70c8-b95d-6d72c1897f80', 5, 33, 99, 1),
	('cixi', '01a20c8c-36b6-73e2-8d85-a1f1c2d6f0bf', 'A-3', 'REVERSED', '6d24483e-7814-52a5-860e-46c80763d08c', '9d0221b8-5b71-5a9d-9241-e832e250abf8', '14d4dbf2-bc5d-5b86-9971-d73c844c4786', '84172e52-d53d-56bc-be91-0192736556a1', 50, 150, '2026-03-02 01:03:00+00', '01a20c8c-36b6-73e2-8d85-a1f294a18612', 6, 50, 150, 0);
INSERT INTO public.refunds VALUES
	('cixi', 'bf76273b-43e2-497f-a556-65a0af05e3a7', '01a20c8c-36b3-70c8-b95d-6d71f8444951', 33, 99, '2026-03-02 01:06:00+00', '09f078fd-a5d7-4520-8760-5445159bb4d4');
INSERT INTO public.teams VALUES
	('cixi', 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', NULL, 1, 'general', '总队', '330282', 1, '2026-03-02 01:00:00+00');
INSERT INTO public.volunteers VALUES
	('cixi', '6d24483e-7814-52a5-860e-46c80763d08c', 'active', '王*', '330282', 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', '2026-03-02 01:00:00+00', 1, '2026-03-02 01:00:00+00'),
	('cixi', '62da77ab-dd65-50c2-839b-6fefec170bf6', 'active', '王*', '330282', 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', '2026-03-02 01:00:00+00', 1, '2026-03-02 01:00:00+00');
INSERT INTO public.service_records VALUES
	('cixi', 'e2406a5d-e949-57a2-b930-0c45db805b16', 'verified', '62da77ab-dd65-50c2-839b-6fefec170bf6', 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', 'checked-in', '清洁家园', 500, 1, '2026-03-01 16:40:00+00', '2026-03-02 01:00:00+00', '235d8be9-1900-5121-8023-a1cae8f25f05', '30f3879e-d2d2-579c-8a25-6fd4d9eb9e23', 500, '2028-12-31', '2020-1', 0, NULL, 'd3f72126-1398-5ca6-a27c-bcfd75a8c4d0', '2026-03-02 01:00:00+00'),
	('cixi', 'ff005c07-2c56-5602-a522-b55e9a2af0c9', 'verified', '6d24483e-7814-52a5-860e-46c80763d08c', 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', 'checked-in', '清洁家园', 500, 1, '2026-03-01 16:40:00+00', '2026-03-02 01:00:00+00', '235d8be9-1900-5121-8023-a1cae8f25f05', '30f3879e-d2d2-579c-8a25-6fd4d9eb9e23', 500, '2028-12-31', '2020-1', 0, NULL, 'cf6588e8-8bba-5e50-a91d-ffa22b1e8772', '2026-03-02 01:00:00+00'),
	('cixi', 'eaac93c8-fa5c-5c97-92a8-e9d899b5a8aa', 'entered', '62da77ab-dd65-50c2-839b-6fefec170bf6', 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', 'checked-in', '清洁家园', 75, 1, '2026-03-01 23:51:00+00', '2026-03-02 01:06:00+00', '235d8be9-1900-5121-8023-a1cae8f25f05', NULL, 0, NULL, '', 0, NULL, NULL, '2026-03-02 01:06:00+00');
INSERT INTO public.signing_keys VALUES
	('cixi', 'cixi.1', '\x0101026d3124e38e1eb3cd13c7cb4055cf5fe8b06f7fd7bc4a7f33dce7957cb87a7967e0913465170bcf6bcc7fefde31339791c8768c8df7de93d0253f3f349b57', '\x0710b8c1def45705f8162c7447cad14c3ca943dd73e213f9fb22c13b4fc16933', '2026-03-02 01:00:00+00', NULL);
INSERT INTO public.stores VALUES
	('cixi', '14d4dbf2-bc5d-5b86-9971-d73c844c4786', '9d0221b8-5b71-5a9d-9241-e832e250abf8', '总店', '330282', '2026-03-02 01:00:00+00'),
	('cixi', '6592577c-473d-553e-ad25-d303fc75b49f', 'f480d1e2-e610-50dd-9a4f-4bd3d06e18c0', '总店', '330282', '2026-03-02 01:00:00+00');
INSERT INTO public.terminals VALUES
	('cixi', '84172e52-d53d-56bc-be91-0192736556a1', '9d0221b8-5b71-5a9d-9241-e832e250abf8', '14d4dbf2-bc5d-5b86-9971-d73c844c4786', '1', '\x0101026d31041c0e2ba334e9c79a588f23d0723c22c5fac129158b4f56fc02766a3d029996c0d824a023f5cac8216cd6db39df0c18daad28565856d83ad855ab7ad1b7', NULL, NULL, NULL, '2026-03-02 01:00:00+00'),
	('cixi', 'c44db2ac-413b-5c47-952b-2223b1de3d06', 'f480d1e2-e610-50dd-9a4f-4bd3d06e18c0', '6592577c-473d-553e-ad25-d303fc75b49f', '1', '\x0101026d31be477183213eb981cfc18291edc8dd5cb645b8b17d800e2d0faf5618743338c5787af6d999e0c6cbbbd313c7287497de2c9368bcffcd79180e9690fb2211', NULL, NULL, NULL, '2026-03-02 01:00:00+00');
INSERT INTO public.transactions VALUES
	('cixi', 1, 'd1615fc0-c020-53a9-b70b-8c654e55778c', 'deposit.v1', 'system', 'sponsor-donation', '2026-03-02 01:00:00+00', '2026-03-02 01:00:00+00', '', 'fun_93e3084afcfb548da2d450a880cff255', NULL, '\x31020ad72b18e28b034194b6b5b283d8e2eab11ee1e515bc39262c80f4529e83'),
	('cixi', 2, 'cf6588e8-8bba-5e50-a91d-ffa22b1e8772', 'accrue.v1', 'usr_30f3879ed2d2579c8a256fd4d9eb9e23', 'service-verified', '2026-03-02 01:00:00+00', '2026-03-02 01:00:00+00', '2020-1', 'rec_ff005c072c565602a522b55e9a2af0c9', NULL, '\xee620cc03a232fd9339655fceb96471c2b8bf0b258cc95ad7afb60b8f8e37bf0'),
	('cixi', 3, 'd3f72126-1398-5ca6-a27c-bcfd75a8c4d0', 'accrue.v1', 'usr_30f3879ed2d2579c8a256fd4d9eb9e23', 'service-verified', '2026-03-02 01:00:00+00', '2026-03-02 01:00:00+00', '2020-1', 'rec_e2406a5de94957a2b9300c45db805b16', NULL, '\xb41b37acba42cc2f488b13c7cbc815f2ab176c6d3106b6b6dd1ad08e35d65325'),
	('cixi', 4, '01a20c8c-36ad-7627-a099-3ee9c0ff9699', 'redeem.v1', 'ter_84172e52d53d56bcbe910192736556a1', 'paid-at-till', '2026-03-02 01:01:00+00', '2026-03-02 01:01:00+00', '', 'red_01a20c8c36ad7627a0993ee8bf64970a', NULL, '\xe240e0e3c11fb0ce3e4df62dee0895552aa28186c3904f523e9377b9f68f29cc'),
	('cixi', 5, '01a20c8c-36b3-70c8-b95d-6d72c1897f80', 'redeem.v1', 'ter_84172e52d53d56bcbe910192736556a1', 'paid-at-till', '2026-03-02 01:02:00+00', '2026-03-02 01:02:00+00', '', 'red_01a20c8c36b370c8b95d6d71f8444951', NULL, '\x123ba5310eff8c8be0a839dae1b95e5fe33354468088fe889c767ba711c32036'),
	('cixi', 6, '01a20c8c-36b6-73e2-8d85-a1f294a18612', 'redeem.v1', 'ter_84172e52d53d56bcbe910192736556a1', 'paid-at-till', '2026-03-02 01:03:00+00', '2026-03-02 01:03:00+00', '', 'red_01a20c8c36b673e28d85a1f1c2d6f0bf', NULL, '\xa62bcd6c1b424675c4404d5ae7f0bc9ac147ad8c16cb777b41a2b8c7687c7b10'),
	('cixi', 7, '01a20c8c-36bd-70fe-9488-12375618ba00', 'redeem.v1', 'ter_c44db2ac413b5c47952b2223b1de3d06', 'paid-at-till', '2026-03-02 01:05:00+00', '2026-03-02 01:05:00+00', '', 'red_01a20c8c36bd70fe94881236d13dbbf1', NULL, '\x63c27ff036906e1cb64e29e8a5ca477d1951df107779ba907a60b60fc4ac0dbc'),
	('cixi', 8, '09f078fd-a5d7-4520-8760-5445159bb4d4', 'refund.v1', 'system', 'goods-returned', '2026-03-02 01:06:00+00', '2026-03-02 01:06:00+00', '', 'ref_bf76273b43e2497fa55665a0af05e3a7', '01a20c8c-36b3-70c8-b95d-6d72c1897f80', '\x1b3fe1c5d2521b1850892074e5d0225b5ec1ddebd56f3a78c7a16b82510e8637'),
	('cixi', 9, '290eefd6-db13-4556-a66a-2201500d1404', 'reverse.v1', 'system', 'outcome-unknown', '2026-03-02 01:06:00+00', '2026-03-02 01:06:00+00', '', 'red_01a20c8c36b673e28d85a1f1c2d6f0bf', '01a20c8c-36b6-73e2-8d85-a1f294a18612', '\x56b46e48f1d15714502e89e62d2b41af12691e7cfb9497bde12ceae278bf1182');
INSERT INTO public.transfers VALUES
	('cixi', 1, 0, 1, 2, 10000, 10000, 10000),
	('cixi', 2, 0, 3, 4, 500, 500, 500),
	('cixi', 2, 1, 5, 6, 500, 500, 500),
	('cixi', 3, 0, 3, 7, 500, 1000, 500),
	('cixi', 3, 1, 5, 8, 500, 1000, 500),
	('cixi', 4, 0, 6, 9, 100, 400, 100),
	('cixi', 4, 1, 2, 10, 300, 9700, 300),
	('cixi', 5, 0, 8, 9, 133, 367, 233),
	('cixi', 5, 1, 2, 10, 399, 9301, 699),
	('cixi', 6, 0, 6, 9, 50, 350, 283),
	('cixi', 6, 1, 2, 10, 150, 9151, 849),
	('cixi', 7, 0, 8, 11, 20, 347, 20),
	('cixi', 7, 1, 2, 12, 60, 9091, 60),
	('cixi', 8, 0, 9, 8, 33, 250, 380),
	('cixi', 8, 1, 10, 2, 99, 750, 9190),
	('cixi', 9, 0, 9, 6, 50, 200, 400),
	('cixi', 9, 1, 10, 2, 150, 600, 9340);
INSERT INTO public.users VALUES
	('cixi', '5a35a81d-5593-4eb3-b3f4-dc22f6f5f203', 'admin', 'root', 'x', NULL, NULL, NULL, NULL, '2026-03-02 01:06:00+00'),
	('cixi', '708bd18a-1d8e-4ebc-b9df-a7a1ed3ae067', 'auditor', 'eyes', 'x', NULL, NULL, NULL, NULL, '2026-03-02 01:06:00+00'),
	('cixi', '31145d94-7c95-4e91-9676-f0f04a37eeeb', 'organiser', 'team', 'x', NULL, 'a7688b08-8040-5dd8-bbd9-5bf7c7b63db4', NULL, NULL, '2026-03-02 01:06:00+00'),
	('cixi', '8f92b73f-a88f-4120-8b6c-e96ea3654ef2', 'merchant_staff', 'till', 'x', '9d0221b8-5b71-5a9d-9241-e832e250abf8', NULL, NULL, NULL, '2026-03-02 01:06:00+00');
