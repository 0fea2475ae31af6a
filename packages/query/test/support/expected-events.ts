/** What the queries about visit events answer, worked out plainly. */

import {
  compareBy,
  compareTime,
  countVisits,
  daysBetween,
  groupBy,
  isoMicros,
  last,
  utcDay,
  type VisitEvent,
  visitOf,
} from './visit-events.ts';

export type Rows = readonly Readonly<Record<string, unknown>>[];

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const labelOf = (events: readonly VisitEvent[]) => last(events.map((event) => event.center_label).toSorted(byText));
const adcidOf = (events: readonly VisitEvent[]) => events[0]?.pipeline_adcid ?? 0;
const ofCenters = (events: readonly VisitEvent[]) =>
  groupBy(events, (event) => String(event.pipeline_adcid)).toSorted((a, b) => adcidOf(a) - adcidOf(b));
const ofVisits = (events: readonly VisitEvent[]) =>
  groupBy(events, visitOf).map((visit) => visit.toSorted(compareTime));
const first = (visit: readonly VisitEvent[], action: string) => visit.find((event) => event.action === action);

/** The events are those that the parameters leave. `action` is the one parameter that has another meaning. */
export const EXPECTED_EVENTS: Readonly<
  Record<string, (events: readonly VisitEvent[], given: ReadonlyMap<string, string | null>) => Rows>
> = {
  'events-by-center': (events) =>
    ofCenters(events)
      .toSorted((a, b) => b.length - a.length || adcidOf(a) - adcidOf(b))
      .map((center) => {
        const times = center.map((event) => event.timestamp);
        return {
          center_label: labelOf(center),
          pipeline_adcid: adcidOf(center),
          events: center.length,
          visits: countVisits(center),
          first_event: isoMicros(Math.min(...times)),
          last_event: isoMicros(Math.max(...times)),
        };
      }),

  'events-by-action': (events) => counted(events, (event) => ({ action: event.action })),

  'events-by-packet': (events) => counted(events, (event) => ({ packet: event.packet })),

  'events-by-visit-date': (events) =>
    counted(events, (event) => ({ visit_date: event.visit_date })).toSorted((a, b) =>
      compareBy(a, b, (row) => String(row['visit_date'])),
    ),

  'events-by-day': (events) =>
    counted(events, (event) => ({ day: utcDay(event.timestamp) })).toSorted((a, b) =>
      compareBy(a, b, (row) => String(row['day'])),
    ),

  volumes: (events) =>
    groupBy(events, (event) => JSON.stringify([event.module, event.packet, event.action]))
      .toSorted(([a], [b]) => {
        if (a === undefined || b === undefined) return 0;
        return compareBy(
          a,
          b,
          (event) => event.module,
          (event) => event.packet,
          (event) => event.action,
        );
      })
      .map((group) => {
        const { module, packet, action } = last(group);
        return { module, packet, action, events: group.length, visits: countVisits(group) };
      }),

  'errors-by-center': (events) => {
    const standing = ofVisits(events)
      .map(last)
      .filter((event) => event.action !== 'delete');
    return ofCenters(standing)
      .map((center) => {
        const errors = center.filter((event) => event.action === 'not-pass-qc').length;
        return {
          center_label: labelOf(center),
          pipeline_adcid: adcidOf(center),
          visits: center.length,
          errors,
          error_rate: errors / center.length,
        };
      })
      .toSorted((a, b) => b.errors - a.errors || a.pipeline_adcid - b.pipeline_adcid);
  },

  'qc-pass-rate': (events) => {
    const isCheck = ({ action }: VisitEvent) => action === 'pass-qc' || action === 'not-pass-qc';
    return ofCenters(events.filter(isCheck)).map((center) => {
      const visits = ofVisits(center);
      const passed = visits.filter((visit) => last(visit).action === 'pass-qc').length;
      const passedFirst = visits.filter((visit) => visit[0]?.action === 'pass-qc').length;
      return {
        center_label: labelOf(center),
        pipeline_adcid: adcidOf(center),
        checked: visits.length,
        passed,
        pass_rate: passed / visits.length,
        passed_first: passedFirst,
        first_pass_rate: passedFirst / visits.length,
      };
    });
  },

  events: (events) =>
    events
      .toSorted((a, b) => compareTime(a, b) || compareVisit(a, b))
      .map(({ timestamp, ...event }) => ({ ...event, timestamp: isoMicros(timestamp) })),

  'latest-events': (events, given) => {
    const action = given.get('action') ?? null;
    return ofVisits(events)
      .filter((visit) => action === null || last(visit).action === action)
      .toSorted((a, b) => compareVisit(last(a), last(b)))
      .map((visit) => {
        const { timestamp, ...event } = last(visit);
        return { ...event, timestamp: isoMicros(timestamp), events: visit.length };
      });
  },

  'visit-timeline': (events) =>
    ofVisits(events)
      .toSorted((a, b) => compareDated(last(a), last(b)))
      .flatMap((visit) =>
        visit.map(({ timestamp, ptid: _ptid, ...event }, index) => ({
          ...event,
          timestamp: isoMicros(timestamp),
          step: index + 1,
          days_since_visit: daysBetween(event.visit_date, utcDay(timestamp)),
        })),
      ),

  'visit-delays': (events) =>
    ofVisits(events)
      .toSorted((a, b) => compareDated(last(a), last(b)))
      .map((visit) => {
        const { study, pipeline_adcid, ptid, visit_date, datatype, module } = last(visit);
        const [submit, pass] = [first(visit, 'submit'), first(visit, 'pass-qc')];
        return {
          ...{ study, pipeline_adcid, ptid, visit_date, datatype, module },
          center_label: labelOf(visit),
          first_submit: submit === undefined ? null : isoMicros(submit.timestamp),
          first_pass: pass === undefined ? null : isoMicros(pass.timestamp),
          days_to_submit: delay(submit),
          days_to_pass: delay(pass),
        };
      }),

  'delays-by-center': (events) =>
    ofCenters(events).map((center) => {
      const visits = ofVisits(center);
      const toSubmit = visits.map((visit) => delay(first(visit, 'submit'))).filter((days) => days !== null);
      const toPass = visits.map((visit) => delay(first(visit, 'pass-qc'))).filter((days) => days !== null);
      return {
        center_label: labelOf(center),
        pipeline_adcid: adcidOf(center),
        visits: visits.length,
        submitted: toSubmit.length,
        average_days_to_submit: average(toSubmit),
        median_days_to_submit: lowerMedian(toSubmit),
        passed: toPass.length,
        average_days_to_pass: average(toPass),
        median_days_to_pass: lowerMedian(toPass),
      };
    }),

  completeness: (events) => {
    const visits = ofVisits(events).flatMap((visit) => {
      const [submit, pass] = [first(visit, 'submit'), first(visit, 'pass-qc')];
      if (submit === undefined) return [];
      const submitted = utcDay(submit.timestamp);
      const passed = pass === undefined ? undefined : utcDay(pass.timestamp);
      return [{ submitted, passed: passed !== undefined && passed < submitted ? submitted : passed }];
    });
    const days = new Set(visits.flatMap((visit) => [visit.submitted, visit.passed ?? visit.submitted]));
    return [...days].toSorted().map((day) => {
      const submitted = visits.filter((visit) => visit.submitted <= day).length;
      const passed = visits.filter((visit) => visit.passed !== undefined && visit.passed <= day).length;
      return { day, submitted, passed, completeness: passed / submitted };
    });
  },
};

/** The most first, then by what is counted. */
function counted(events: readonly VisitEvent[], keyOf: (event: VisitEvent) => Record<string, string | null>): Rows {
  const countedBy = (event: VisitEvent) => Object.values(keyOf(event))[0] ?? null;
  return groupBy(events, (event) => JSON.stringify(keyOf(event)))
    .toSorted((a, b) => b.length - a.length || compareBy(last(a), last(b), countedBy))
    .map((group) => ({ ...keyOf(last(group)), events: group.length, visits: countVisits(group) }));
}

function compareVisit(a: VisitEvent, b: VisitEvent): number {
  return compareBy(
    a,
    b,
    (event) => event.study,
    (event) => event.pipeline_adcid,
    (event) => event.ptid,
    (event) => event.visit_date,
    (event) => event.datatype,
    (event) => event.module,
  );
}

function compareDated(a: VisitEvent, b: VisitEvent): number {
  return compareBy(a, b, (event) => event.visit_date) || compareVisit(a, b);
}

function delay(event: VisitEvent | undefined): number | null {
  return event === undefined ? null : daysBetween(event.visit_date, utcDay(event.timestamp));
}

function average(days: readonly number[]): number | null {
  return days.length === 0 ? null : days.reduce((sum, value) => sum + value, 0) / days.length;
}

function lowerMedian(days: readonly number[]): number | null {
  return days.toSorted((a, b) => a - b)[Math.ceil(days.length / 2) - 1] ?? null;
}
