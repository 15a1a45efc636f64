/** Statistics of policies and rules on one cluster, as users see them (vcf-nsx 9.1.1, RuleStatistics). For manager.ts. */
export { createStatisticsBook, type StatisticsBook } from './book.ts'
export { statisticsRoutes } from './routes.ts'
