import { merge, type Words } from './merge';

export default merge(import.meta.glob<Words>('./fr/*.json', { eager: true, import: 'default' }));
